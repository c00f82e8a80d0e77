"""PostgreSQL and Redis that are gone, for this process alone and for as long as a test wants."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from tests.conftest import reset_process_state
from tests.factories.proxies import Proxy


class Line:
    """The way to one server, which can be cut and mended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, proxy: Proxy) -> None:
        self._loop, self._proxy = loop, proxy

    def cut(self, *_: object) -> None:
        """The server is gone: connections end, and new ones are refused."""
        asyncio.run_coroutine_threadsafe(self._proxy.refuse(), self._loop).result(10)

    def hang(self, *_: object) -> None:
        """The server takes connections and never answers."""
        self._loop.call_soon_threadsafe(self._proxy.swallow)

    def mend(self) -> None:
        """The server is back."""
        self._loop.call_soon_threadsafe(self._proxy.answer)
        self.cut()
        asyncio.run_coroutine_threadsafe(self._proxy.start(), self._loop).result(10)


@contextmanager
def line(monkeypatch, variable: str, url: str) -> Iterator[Line]:
    """This process reaches the server at this address through a line, whose address the variable then holds."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    parts = urlsplit(url)
    assert parts.port, "the server listens on a port"
    proxy = Proxy(parts.port)
    asyncio.run_coroutine_threadsafe(proxy.start(), loop).result(10)
    monkeypatch.setenv(variable, urlunsplit(parts._replace(netloc=f"{_before(parts.netloc)}:{proxy.port}")))
    reset_process_state()
    try:
        yield Line(loop, proxy)
    finally:
        reset_process_state()
        asyncio.run_coroutine_threadsafe(_finish(proxy), loop).result(10)
        monkeypatch.setenv(variable, url)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        reset_process_state()


def _before(netloc: str) -> str:
    return netloc.rpartition(":")[0]


async def _finish(proxy: Proxy) -> None:
    await proxy.close()
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, open_still = await asyncio.wait(others, timeout=5)
        for task in open_still:
            task.cancel()
