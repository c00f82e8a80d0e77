"""Values of selects, in messages and in modals."""

from app.sandbox.constants import ComponentType, Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.interactions.resolve import Resolved


def choose(resolved: Resolved, part: Json, values: list[str], user_id: int) -> list[str]:
    """The values of a select, each one that it offers."""
    kind = ComponentType(part["type"])
    if kind is ComponentType.STRING_SELECT:
        allowed = [o["value"] for o in part.get("options") or []]
        for value in values:
            if value not in allowed:
                raise BadInput(f"value {params.shown(value)} is not offered; allowed: {allowed}")
        return values
    for value in values:
        wanted = params.snowflake({"values": value}, "values")
        if kind is ComponentType.USER_SELECT:
            resolved.user(wanted)
        elif kind is ComponentType.ROLE_SELECT:
            resolved.role(wanted)
        elif kind is ComponentType.CHANNEL_SELECT:
            resolved.channel(wanted, user_id)
        else:
            resolved.mentionable(wanted)
    return values
