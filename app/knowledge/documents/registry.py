"""Every kind of document, in one list: who is in it is made, stored, found, listed, exported, rebuilt and pruned."""

from app.knowledge.documents.kinds import LOGS, SUMMARIES, Kind

# A feature with documents of its own adds its kind, here and nowhere else, and tells `documents.service` what changes.
KINDS: tuple[Kind, ...] = (LOGS, SUMMARIES)


def kind_of(section: str) -> Kind | None:
    """The kind with this section; None when there is none (any more)."""
    return next((kind for kind in KINDS if kind.section == section), None)


def sections() -> list[str]:
    """The sections of all kinds."""
    return [kind.section for kind in KINDS]
