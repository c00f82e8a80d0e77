"""What a search is limited to besides the channels of its reader. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app.core import clock
from app.core.errors import BadInput
from app.core.translations import _
from app.knowledge.documents import registry

_HAS_FILE = "EXISTS (SELECT FROM messages m WHERE m.id = r.message_id AND m.attachments > 0)"

# The posts of forums that bear one of these tags.
TAGGED = "ARRAY(SELECT id FROM channels WHERE guild_id = :guild_id AND applied_tags && CAST(:f_tags AS bigint[]))"


def sources() -> dict[str, str | None]:
    """Everything that can be found so far, and the section of what is a document.

    What a document itself is tagged with (its kind, its channel, its day) are filters of their own.
    """
    return {"messages": None} | {kind.name: kind.section for kind in registry.KINDS}


@dataclass(frozen=True)
class Filters:
    """Limits of a search; what is None or empty limits nothing. Days are those of `zone`."""

    authors: frozenset[int] = frozenset()
    channels: frozenset[int] = frozenset()
    # Of tags of forums, as ids: whatever is in a post that bears one of them.
    tags: frozenset[int] = frozenset()
    first: date | None = None
    last: date | None = None
    has_attachment: bool | None = None
    source: str | None = None
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.source is not None and self.source not in sources():
            raise BadInput(
                _("There is no source “{source}”; there are: {sources}.").format(
                    source=self.source[:80], sources=", ".join(sources())
                )
            )

    @property
    def section(self) -> str | None:
        """The section of the documents that are looked for; None where messages are."""
        return sources()[self.source] if self.source else None

    def condition(self, phrases: Sequence[str] = ()) -> tuple[str, Mapping[str, object]]:
        """As a condition on a row `r` of any index table, and its values (besides `guild_id`).

        Phrases are tsqueries that must match.
        """
        parts: list[str] = []
        values: dict[str, object] = {}
        if self.authors:
            parts.append("r.author_id = ANY(:f_authors)")
            values["f_authors"] = sorted(self.authors)
        if self.channels:
            parts.append("r.channel_id = ANY(:f_channels)")
            values["f_channels"] = sorted(self.channels)
        if self.tags:
            parts.append(f"r.channel_id = ANY({TAGGED})")
            values["f_tags"] = sorted(self.tags)
        if self.first:
            parts.append("r.message_id >= :f_first")
            values["f_first"] = _beginning(self.first, self.zone)
        if self.last and self.last < date.max:
            parts.append("r.message_id < :f_end")
            values["f_end"] = _beginning(self.last + timedelta(days=1), self.zone)
        if self.has_attachment is not None:
            parts.append(_HAS_FILE if self.has_attachment else f"NOT {_HAS_FILE}")
        for number, phrase in enumerate(phrases):
            parts.append(
                "EXISTS (SELECT FROM message_terms p WHERE p.message_id = r.message_id"
                f" AND p.terms @@ phraseto_tsquery('simple', :f_phrase{number}))"
            )
            values[f"f_phrase{number}"] = phrase
        return " AND ".join(parts) or "true", values


def _beginning(day: date, zone: tzinfo) -> int:
    """The lowest id that a message of this day can have."""
    return clock.snowflake_at(datetime.combine(day, time.min, zone))
