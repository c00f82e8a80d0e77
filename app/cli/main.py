"""The command line: each module of this folder that has `register` adds its commands."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

import app.cli
from app.core.errors import HeorotError
from app.core.settings import settings

PROGRAM = "python -m app"


def parser() -> argparse.ArgumentParser:
    """The whole command line, gathered from the modules beside this one."""
    root = argparse.ArgumentParser(prog=PROGRAM, description="Heorot, a Discord bot that never loses a thing.")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in pkgutil.iter_modules(app.cli.__path__):
        register = getattr(importlib.import_module(f"app.cli.{module.name}"), "register", None)
        if register:
            register(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; on failure print one clear line and return a non-zero code."""
    arguments = parser().parse_args(argv)
    try:
        settings()
        return int(arguments.run(arguments) or 0)
    except HeorotError as error:
        print(f"{PROGRAM} {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
