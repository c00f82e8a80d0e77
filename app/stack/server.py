"""What the embedded servers have in common: a place, a lock, a remembered port, start and stop."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from app.core.errors import ConfigurationError
from app.stack import place, ports
from app.stack.child import Child


class EmbeddedServer:
    """A server of our own on the loopback address; it runs between `start()` and `stop()`."""

    name = ""
    variable = ""
    stop_steps: Sequence[tuple[int, float]] = ()

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "logs" / f"{self.name}.log"
        self.port = port or 0
        self._child: Child | None = None
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it was last seen running."""
        return self._child.pid if self._child is not None else None

    @property
    def exit_code(self) -> int | None:
        """How the server ended, or None while it runs."""
        return self._child.exit_code if self._child is not None else None

    def start(self) -> None:
        """Start the server, or start it again, and return when it answers.

        Raises ConfigurationError or Unavailable in one line: a taken port, an unusable DATA_DIR, a missing program.
        """
        self.begin()
        self.finish()

    def begin(self) -> None:
        """The first half of `start()`: launch the server.

        The calling thread must outlive the server, for Linux takes its end for the end of the process.
        """
        place.prepare(self.data_dir)
        if self._child is not None:
            self._child.stop(self.stop_steps)
        try:
            self._hold_lock()
            where = place.claim(self.data_dir, self.name)
            self._prepare(where)
            self._choose_port()
            self._child = self._launch(where)
        except OSError as error:
            self.stop()
            raise place.unusable(self.data_dir, error) from error
        except BaseException:
            self.stop()
            raise

    def finish(self) -> None:
        """The second half of `start()`: return when the server answers."""
        assert self._child is not None
        try:
            self._wait(self._child)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server cleanly, at once if that takes too long; nothing happens when it does not run."""
        if self._child is not None:
            self._child.stop(self.stop_steps)
            self._child = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def destroy(self) -> None:
        """Stop the server and delete its data (temporary servers, for tests and benchmarks)."""
        self.stop()
        home = self.data_dir / self.name
        if home.is_symlink():
            shutil.rmtree(home.resolve(), ignore_errors=True)
            home.unlink()
        shutil.rmtree(home, ignore_errors=True)

    def _hold_lock(self) -> None:
        self._lock = self._lock or place.lock(self.data_dir / f"{self.name}.lock")
        if self._lock is None:
            raise ConfigurationError(
                f"Another Heorot already runs {self.name} in {self.data_dir}: stop it, or set DATA_DIR to another "
                "directory."
            )

    def _choose_port(self) -> None:
        # Others know the address of a server that is started again, so it does not change.
        if self.port:
            ports.require(self.port, self.variable)
        else:
            self.port = ports.remembered(self.data_dir / f"{self.name}.port")

    def _prepare(self, where: place.Place) -> None:
        raise NotImplementedError

    def _launch(self, where: place.Place) -> Child:
        raise NotImplementedError

    def _wait(self, child: Child) -> None:
        raise NotImplementedError
