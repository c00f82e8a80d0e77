"""The sandbox's document names its whole control API, and nothing that is not there."""

import re

from app.core.settings import PROJECT
from app.sandbox.control.routes import ROUTES


def nameless(call: str) -> str:
    """A call without the names of what varies in its path."""
    return re.sub(r"\{\w+\}", "{}", call)


def test_every_call_of_the_control_api_is_described_and_exists():
    text = (PROJECT / "docs" / "sandbox.md").read_text()
    described = {nameless(call) for call in re.findall(r"`((?:GET|POST|DELETE) /sandbox/[^`]+)`", text)}
    there = {nameless(f"{method} {path}") for method, path, _ in ROUTES if path.startswith("/sandbox/")}
    assert described == there
