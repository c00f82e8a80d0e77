"""`up`: start everything on this machine and keep it running."""

import argparse
import os

from app.core.settings import chosen
from app.stack.runner import Runner


# Not `settings()`: addresses that a killed runner left behind must not pass for servers of the operator's.
def _run(_: argparse.Namespace) -> int:
    return Runner(chosen(), os.environ).run()


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `up`."""
    up = commands.add_parser("up", help="start everything on this machine and keep it running")
    up.set_defaults(run=_run)
