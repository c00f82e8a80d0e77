"""The options of a slash command, checked against what the command declares."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.sandbox.constants import Json, OptionType
from app.sandbox.errors import BadInput
from app.sandbox.interactions.catalogue import is_nested, named
from app.sandbox.interactions.resolve import Resolved

_MOST_TEXT = 6000


@dataclass(slots=True)
class Filler:
    """Turns given values into the interaction's option list."""

    resolved: Resolved
    user_id: int
    store: Callable[[Json], Json]
    focused: str | None = None
    is_partial: bool = False

    def fill(self, command: Json, path: list[str], given: object) -> list[Json]:
        """The options below a command: through subcommands by `path`, or by the nesting of `given`."""
        declared = command.get("options") or []
        if any(is_nested(o) for o in declared):
            name, given = _step(declared, path, given)
            chosen = _named(declared, name, "subcommand")
            inside = self.fill(chosen, path[1:], given)
            return [{"type": chosen["type"], "name": chosen["name"], "options": inside}]
        if path:
            raise BadInput(f"/{command['name']} has no subcommand {path[0]!r}")
        return self._values(command, declared, _pairs(given))

    def _values(self, command: Json, declared: list[Json], given: dict[str, Any]) -> list[Json]:
        values = _by_own_name(declared, given)
        if not self.is_partial:
            for option in declared:
                if option.get("required") and values.get(option["name"]) is None:
                    raise BadInput(f"option {option['name']!r} of /{command['name']} is required")
        filled = [self._option(o, values[o["name"]]) for o in declared if values.get(o["name"]) is not None]
        if self.is_partial:
            self._focus(declared, filled)
        return filled

    def _focus(self, declared: list[Json], filled: list[Json]) -> None:
        able = [o["name"] for o in declared if o.get("autocomplete")]
        focused = named(declared, self.focused) if self.focused else None
        name = focused["name"] if focused else self.focused
        name = name or next((o["name"] for o in reversed(filled) if o["name"] in able), None)
        if name is None and able:
            name = able[0]
        if name not in able:
            raise BadInput(f"option {name!r} has no autocomplete; those that have: {', '.join(able) or 'none'}")
        row = next((o for o in filled if o["name"] == name), None)
        if row is None:
            row = {"type": _named(declared, name, "option")["type"], "name": name, "value": ""}
            filled.append(row)
        row["focused"] = True

    def _option(self, option: Json, value: Any) -> Json:
        kind = OptionType(option["type"])
        is_typed_now = self.is_partial and option.get("autocomplete")
        checked = str(value) if is_typed_now else self._checked(kind, option, value)
        return {"type": int(kind), "name": option["name"], "value": checked}

    def _checked(self, kind: OptionType, option: Json, value: Any) -> Any:
        name = option["name"]
        if kind in _PLAIN:
            found = _PLAIN[kind](option, value)
            _check_bounds(option, found)
            choices = [c["value"] for c in option.get("choices") or []]
            if choices and found not in choices:
                raise BadInput(f"option {name!r} is {value!r}; allowed: {choices}")
            return found
        if kind is OptionType.ATTACHMENT:
            body = self.store(value)
            self.resolved.attachment(body)
            return body["id"]
        return self._reference(kind, name, value)

    def _reference(self, kind: OptionType, name: str, value: object) -> str:
        if not str(value).isdigit():
            raise BadInput(f"option {name!r} is {value!r}; it must be an id as a decimal string")
        wanted = int(str(value))
        if kind is OptionType.USER:
            self.resolved.user(wanted)
        elif kind is OptionType.CHANNEL:
            self.resolved.channel(wanted, self.user_id)
        elif kind is OptionType.ROLE:
            self.resolved.role(wanted)
        else:
            self.resolved.mentionable(wanted)
        return str(wanted)


def _step(declared: list[Json], path: list[str], given: object) -> tuple[str, object]:
    if path:
        return path[0], given
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], dict):
        return str(given[0].get("name")), given[0].get("options")
    if isinstance(given, dict) and len(given) == 1 and named(declared, next(iter(given))):
        name = next(iter(given))
        return name, given[name]
    raise BadInput(f"name a subcommand: {', '.join(sorted(o['name'] for o in declared))}")


def _named(declared: list[Json], name: str | None, what: str) -> Json:
    option = named(declared, name)
    if option is None:
        allowed = ", ".join(o["name"] for o in declared) or "none"
        raise BadInput(f"unknown {what} {name!r}; allowed: {allowed}")
    return option


def _by_own_name(declared: list[Json], given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        own = _named(declared, name, "option")["name"]
        if own in values:
            raise BadInput(f"option {own!r} is given twice")
        values[own] = value
    return values


def _pairs(given: object) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, dict):
        return given
    if isinstance(given, list) and all(isinstance(o, dict) and "name" in o for o in given):
        return {str(o["name"]): o.get("value") for o in given}
    raise BadInput("options must be an object of names and values, or a list of {name, value}")


def _string(option: Json, value: object) -> str:
    if not isinstance(value, str | int | float) or len(str(value)) > _MOST_TEXT:
        raise BadInput(f"option {option['name']!r} must be a string of at most {_MOST_TEXT} characters")
    return str(value)


def _integer(option: Json, value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise BadInput(f"option {option['name']!r} is {value!r}; it must be a whole number") from error


def _number(option: Json, value: object) -> float:
    try:
        found = float(str(value))
    except ValueError as error:
        raise BadInput(f"option {option['name']!r} is {value!r}; it must be a number") from error
    if not math.isfinite(found):
        raise BadInput(f"option {option['name']!r} is {value!r}; it must be a finite number")
    return found


def _boolean(option: Json, value: object) -> bool:
    words = {"true": True, "false": False}
    found = words.get(str(value).lower())
    if found is None:
        raise BadInput(f"option {option['name']!r} is {value!r}; it must be true or false")
    return found


_PLAIN: dict[OptionType, Callable[[Json, object], Any]] = {
    OptionType.STRING: _string,
    OptionType.INTEGER: _integer,
    OptionType.NUMBER: _number,
    OptionType.BOOLEAN: _boolean,
}


def _check_bounds(option: Json, value: object) -> None:
    size = len(value) if isinstance(value, str) else value
    low = option.get("min_length" if isinstance(value, str) else "min_value")
    high = option.get("max_length" if isinstance(value, str) else "max_value")
    if isinstance(size, int | float) and ((low is not None and size < low) or (high is not None and size > high)):
        unit = "characters" if isinstance(value, str) else "in value"
        raise BadInput(f"option {option['name']!r} must have {low} to {high} {unit}")
