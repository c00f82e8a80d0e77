"""`sandbox`: the local Discord."""

import argparse

from app.sandbox import server


def _run(_: argparse.Namespace) -> int:
    server.main()
    return 0


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sandbox`."""
    sandbox = commands.add_parser("sandbox", help="start the local Discord (SANDBOX_PORT), for a bot without a token")
    sandbox.set_defaults(run=_run)
