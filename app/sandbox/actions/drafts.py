"""What someone wants to post, checked against Discord's limits."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.sandbox.constants import CONTENT_LIMIT, EMBED_LIMIT, SELECTS, ComponentType, Json, MessageFlag
from app.sandbox.errors import empty_message, invalid_form

_EMBED_TOTAL = 6000
_EMBED_LIMITS = {"title": 256, "description": 4096}
_FIELD_LIMITS = {"name": 256, "value": 1024}
_FIELDS = 25
_ROWS, _BUTTONS_IN_ROW, _CUSTOM_ID = 5, 5, 100


@dataclass(slots=True, kw_only=True)
class Draft:
    """A message before it has an id."""

    content: str = ""
    longest: int = CONTENT_LIMIT
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    reply_to: int | None = None
    nonce: str | int | None = None
    flags: int = 0
    kind: int = 0
    interaction: Json | None = None
    application_id: int | None = None
    viewer_id: int | None = None

    @property
    def has_extras(self) -> bool:
        """Whether anything but text has to be kept."""
        found = self.embeds or self.components or self.attachments or self.interaction
        numbers = (self.reply_to, self.nonce, self.application_id, self.viewer_id)
        return bool(found) or any(n is not None for n in numbers)


def check(draft: Draft) -> None:
    """Raise the form error that Discord would answer; nothing has changed then."""
    check_content(draft.content, draft.longest)
    _check_embeds(draft.embeds)
    check_components(draft.components, draft.flags)
    if not (draft.content.strip() or draft.embeds or draft.attachments or draft.components):
        raise empty_message()


def check_content(content: object, longest: int = CONTENT_LIMIT) -> None:
    """Text has at most so many characters."""
    if not isinstance(content, str):
        raise invalid_form("content", "BASE_TYPE_STRING", "Could not interpret value as string.")
    if len(content) > longest:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")


def _check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > EMBED_LIMIT:
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {EMBED_LIMIT} or fewer in length.")
    for number, embed in enumerate(embeds):
        for path, value, limit in _limited(embed):
            if len(str(value)) > limit:
                text = f"Must be {limit} or fewer in length."
                raise invalid_form(f"embeds.{number}.{path}", "BASE_TYPE_MAX_LENGTH", text)
        for place, row in enumerate(embed.get("fields", ())):
            for key in _FIELD_LIMITS:
                if not str(row.get(key, "")):
                    raise invalid_form(
                        f"embeds.{number}.fields.{place}.{key}",
                        "BASE_TYPE_REQUIRED",
                        "This field is required",
                    )
    if sum(len(str(value)) for embed in embeds for _, value, _ in _limited(embed)) > _EMBED_TOTAL:
        text = f"Embed size exceeds maximum size of {_EMBED_TOTAL}"
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _limited(embed: Json) -> Iterator[tuple[str, object, int]]:
    for key, limit in _EMBED_LIMITS.items():
        yield key, embed.get(key) or "", limit
    yield "footer.text", (embed.get("footer") or {}).get("text", ""), 2048
    yield "author.name", (embed.get("author") or {}).get("name", ""), 256
    fields = embed.get("fields") or []
    if len(fields) > _FIELDS:
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {_FIELDS} or fewer in length.")
    for number, row in enumerate(fields):
        for key, limit in _FIELD_LIMITS.items():
            yield f"fields.{number}.{key}", row.get(key, ""), limit


def check_components(components: list[Json], flags: int) -> None:
    """Old-style components are at most five rows, each of buttons or of one select; custom ids are unique."""
    if not flags & MessageFlag.COMPONENTS_V2:
        if len(components) > _ROWS:
            raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_ROWS} in length.")
        for number, row in enumerate(components):
            _check_row(row, f"components.{number}")
    seen: set[str] = set()
    for part in walk(components):
        custom_id = part.get("custom_id")
        if custom_id in seen:
            text = "Component custom id cannot be duplicated"
            raise invalid_form("components", "COMPONENT_CUSTOM_ID_DUPLICATED", text)
        if custom_id is not None:
            if not 1 <= len(custom_id) <= _CUSTOM_ID:
                text = f"Must be between 1 and {_CUSTOM_ID} in length."
                raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", text)
            seen.add(custom_id)


def _check_row(row: Json, path: str) -> None:
    if row.get("type") != ComponentType.ROW:
        raise invalid_form(f"{path}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
    inside = row.get("components") or []
    width = sum(_BUTTONS_IN_ROW if part.get("type") in SELECTS else 1 for part in inside)
    if not 1 <= width <= _BUTTONS_IN_ROW:
        text = f"Must be between 1 and {_BUTTONS_IN_ROW} in length."
        raise invalid_form(f"{path}.components", "BASE_TYPE_BAD_LENGTH", text)


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, however deeply nested."""
    for part in components:
        yield part
        yield from walk(part.get("components") or [])
        if isinstance(part.get("component"), dict):
            yield from walk([part["component"]])
        if isinstance(part.get("accessory"), dict):
            yield from walk([part["accessory"]])


def finished_components(components: list[Json]) -> list[Json]:
    """The components as Discord gives them back: numbered, with defaults filled in."""
    taken = {part["id"] for part in walk(components) if part.get("id")}
    free = (number for number in range(1, 1000) if number not in taken)
    for part in walk(components):
        if not part.get("id"):
            part["id"] = next(free)
        if part.get("type") in SELECTS:
            part.setdefault("min_values", 1)
            part.setdefault("max_values", 1)
        _without_nulls(part)
        _without_nulls(part.get("emoji") or {})
    return components


def _without_nulls(part: Json) -> None:
    for key in [key for key, value in part.items() if value is None]:
        del part[key]


def finished_embeds(embeds: list[Json], attachments: list[Json]) -> list[Json]:
    """The embeds as Discord gives them back: with a type, and attached pictures by their address."""
    urls = {f"attachment://{a['filename']}": a["url"] for a in attachments}
    for embed in embeds:
        embed["type"] = embed.get("type") or "rich"
        for key in ("image", "thumbnail", "author", "footer"):
            part = embed.get(key)
            if isinstance(part, dict):
                for name in ("url", "icon_url"):
                    if part.get(name) in urls:
                        part[name] = urls[part[name]]
    return embeds
