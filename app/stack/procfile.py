"""The Procfile: which processes there are, and how each is started."""

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template

from app.core.errors import ConfigurationError

_LINE = re.compile(r"(?P<name>[a-z][a-z0-9-]*)\s*:\s*(?P<command>\S.*)")


def read(path: Path) -> dict[str, str]:
    """The commands by process name, in the file's order; raises ConfigurationError naming the bad line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is missing.") from None
    commands: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ConfigurationError(f"{path.name}, line {number}: write `name: command`, in small letters and dashes.")
        if found["name"] in commands:
            raise ConfigurationError(f"{path.name}, line {number}: the process {found['name']} is named twice.")
        commands[found["name"]] = found["command"]
    return commands


def arguments(command: str, environ: Mapping[str, str]) -> list[str]:
    """The command's words with `$NAME` filled in; `python` is the interpreter that runs this.

    No shell reads it, so a value with spaces or quotes stays one word.
    """
    words = [Template(word).safe_substitute(environ) for word in shlex.split(command)]
    return [sys.executable, *words[1:]] if words[0] == "python" else words
