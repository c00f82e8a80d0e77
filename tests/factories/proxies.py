"""A TCP proxy that can refuse, that can accept and never answer, and that can answer late."""

import asyncio
from contextlib import suppress


class Proxy:
    """Stands before a server on this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._answers = asyncio.Event()
        self._answers.set()
        # Seconds that every answer takes longer.
        self.delay = 0.0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Take no connections, and end those there are."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    def swallow(self) -> None:
        """Accept, and never answer."""
        self._answers.clear()

    def answer(self) -> None:
        """Answer again; what was swallowed meanwhile is passed on."""
        self._answers.set()

    async def close(self) -> None:
        self.answer()
        await self.refuse()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(far_writer)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer, is_answer=True))
            self._open.discard(far_writer)
        self._open.discard(writer)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._answers.wait()
                await asyncio.sleep(self.delay if is_answer else 0)
                writer.write(data)
                await writer.drain()
        writer.close()
