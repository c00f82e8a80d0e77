"""Modals: what the bot opens, and what a filled one sends back."""

from app.sandbox.actions.drafts import walk
from app.sandbox.constants import SELECTS, ComponentType, Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput, invalid_form
from app.sandbox.interactions.choices import choose
from app.sandbox.interactions.resolve import Resolved

_TITLE, _CUSTOM_ID, _ROWS, _TEXT = 45, 100, 5, 4000


def check(modal: Json) -> None:
    """Raise the form error that Discord would answer to a modal."""
    for name, most in (("title", _TITLE), ("custom_id", _CUSTOM_ID)):
        value = modal.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise invalid_form(f"data.{name}", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
    rows = modal.get("components") or []
    if not 1 <= len(rows) <= _ROWS:
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_ROWS} in length.")


def inputs(modal: Json) -> list[Json]:
    """The parts of the modal that a user fills."""
    return [part for part in walk(modal["components"]) if part.get("custom_id")]


def submitted(modal: Json, fields: Json, resolved: Resolved, user_id: int) -> list[Json]:
    """The components that a submission carries, checked against the modal."""
    if not isinstance(fields, dict):
        raise BadInput("fields must be an object of custom ids and values")
    known = [part["custom_id"] for part in inputs(modal)]
    for name in fields:
        if name not in known:
            raise BadInput(f"unknown field {params.shown(name)}; the modal has: {known}")
    return [_row(row, fields, resolved, user_id) for row in modal["components"]]


def _row(row: Json, fields: Json, resolved: Resolved, user_id: int) -> Json:
    head: Json = {"type": row["type"], "id": row.get("id", 0)}
    if row["type"] == ComponentType.ROW:
        inside = [_filled(part, fields, resolved, user_id) for part in row.get("components") or []]
        return {**head, "components": inside}
    if row["type"] == ComponentType.LABEL:
        return {**head, "component": _filled(row["component"], fields, resolved, user_id)}
    return head


def _filled(part: Json, fields: Json, resolved: Resolved, user_id: int) -> Json:
    name = str(part.get("custom_id"))
    head: Json = {"type": part["type"], "custom_id": name, "id": part.get("id", 0)}
    given = fields.get(name)
    if part["type"] in SELECTS:
        return {**head, "values": _chosen(part, given, resolved, user_id)}
    text = part.get("value") or "" if given is None else given
    if not isinstance(text, str):
        raise BadInput(f"field {params.shown(name)} must be a string")
    required = part.get("required", True)
    low, high = part.get("min_length") or int(required), part.get("max_length") or _TEXT
    if (text or required) and not low <= len(text) <= high:
        raise BadInput(f"field {params.shown(name)} must have {low} to {high} characters")
    return {**head, "value": text}


def _chosen(part: Json, given: object, resolved: Resolved, user_id: int) -> list[str]:
    values = given if isinstance(given, list) else [] if given is None else [given]
    low = part.get("min_values", 1) if part.get("required", True) else 0
    if not low <= len(values) <= part.get("max_values", 1):
        raise BadInput(f"field {params.shown(part.get('custom_id'))} must have {low} or more values")
    return choose(resolved, part, [str(v) for v in values], user_id)
