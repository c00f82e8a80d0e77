"""The command line: each module of this folder that has `register` adds its commands."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import app.cli
from app.core.errors import ConfigurationError, HeorotError
from app.core.settings import settings

PROGRAM = "python -m app"
# The exit code of sysexits.h for a configuration error: the runner does not start such a process again.
MISCONFIGURED = 78


def parser(word: str = "") -> argparse.ArgumentParser:
    """The command line, gathered from the modules beside this one.

    If a module is called like the word, it alone is loaded: a process keeps nothing in memory that it never uses.
    """
    root = argparse.ArgumentParser(prog=PROGRAM, description="Heorot, a Discord bot that never loses a thing.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    names = [module.name for module in pkgutil.iter_modules(app.cli.__path__)]
    for name in [word] if word in names else names:
        register = getattr(importlib.import_module(f"app.cli.{name}"), "register", None)
        if register:
            register(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; on failure print one clear line and return a non-zero code."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser(words[0] if words else "").parse_args(words)
    try:
        settings()
        return int(arguments.run(arguments) or 0)
    except HeorotError as error:
        print(f"{PROGRAM} {arguments.command}: {error}", file=sys.stderr)
        return MISCONFIGURED if isinstance(error, ConfigurationError) else 1
    except KeyboardInterrupt:
        return 130
