"""What the processes print: kept in a log file each, and shown on the terminal under their names."""

import json
import queue
import sys
import threading
from pathlib import Path

from app.stack.child import LOG_LIMIT, open_log

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_HELD_LINES = 5000


class Terminal:
    """Standard output, written by a thread of its own: a paused terminal loses lines, but stops nobody."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(_HELD_LINES)
        self._colours: dict[str, int] = {}
        self._is_tty = sys.stdout.isatty()
        self._thread = threading.Thread(target=self._write, name="terminal", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Print a line of the runner's own."""
        self._put(text)

    def show(self, name: str, line: str) -> None:
        """Print a process's line under its name."""
        label = f"{name:<18} |"
        if self._is_tty:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
            line = readable(line)
        self._put(f"{label} {line}")

    def close(self) -> None:
        """Write what is left, for at most two seconds."""
        try:
            self._lines.put(None, timeout=2)
        except queue.Full:
            return
        self._thread.join(timeout=2)

    def _put(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            # The log files have it; waiting would hold up the process that printed it.
            return

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
            except OSError:
                # The terminal is gone: the log files have the rest.
                return


def readable(line: str) -> str:
    """A JSON log line as level and message; anything else as it is."""
    if not line.startswith("{"):
        return line
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict) or "message" not in entry:
        return line
    trace = f"\n{entry['exc_info']}" if entry.get("exc_info") else ""
    return f"{entry.get('level', '')} {entry['message']}{trace}".strip()


class LogFile:
    """A log file that becomes `<name>.log.1` when it has grown large."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_log(path)

    def write(self, line: bytes) -> None:
        """Append a line; a full disk loses it rather than stop the process that printed it."""
        try:
            if self._file.tell() > LOG_LIMIT:
                self._file.close()
                self._file = open_log(self._path)
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        self._file.close()
