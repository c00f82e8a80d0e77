"""What the doctor found about one part."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """How a part is, and how to mend it. A `note` is a fact that only the operator can judge."""

    part: str
    state: State
    says: str
    mend: str = ""


def ok(part: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(part, "ok", says)


def note(part: str, says: str, mend: str = "") -> Finding:
    """A fact to be aware of."""
    return Finding(part, "note", says, mend)


def warning(part: str, says: str, mend: str) -> Finding:
    """It works, and should be mended all the same."""
    return Finding(part, "warning", says, mend)


def fault(part: str, says: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(part, "fault", says, mend)
