"""Slash commands, their autocompletion, and context menus."""

from app.sandbox.constants import CommandType, InteractionType, Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.interactions import catalogue
from app.sandbox.interactions.options import Filler
from app.sandbox.interactions.registry import Interaction
from app.sandbox.interactions.starter import Starter


class CommandStarter(Starter):
    """Runs a registered command."""

    def command(self, kind: InteractionType, command_kind: CommandType) -> Interaction:
        """A slash command, its autocompletion, or a context menu."""
        name = params.text(self.data, "name")
        command, path = self._find(name, command_kind)
        if command["type"] != CommandType.CHAT_INPUT:
            body = self._target(command)
        else:
            filler = Filler(self.resolved, self.user.id, self.store, self.data.get("focused"))
            filler.is_partial = kind is InteractionType.AUTOCOMPLETE
            options = filler.fill(command, path, _without_focus(filler, self.data.get("options")))
            body = {"options": options} if options else {}
        body |= {"id": command["id"], "name": command["name"], "type": command["type"]}
        if command.get("guild_id"):
            body["guild_id"] = command["guild_id"]
        row = self.new(kind, " ".join([command["name"], *path]))
        row.command_kind = command["type"]
        return self.send(row, body)

    def _find(self, name: str, kind: CommandType) -> tuple[Json, list[str]]:
        found = [c for g in (self.channel.guild_id or None, None) for c in catalogue.scope(self.box, g)]
        # A context menu's name may hold spaces; a slash command's spaces lead to its subcommands.
        wanted = name.removeprefix("/")
        candidates = [(wanted, list[str]())]
        if kind is CommandType.CHAT_INPUT:
            head, *path = wanted.split() or [""]
            candidates = [(head, path)]
        fitting = [c for c in found if c["type"] == kind or self._is_menu(kind, c)]
        for word, path in candidates:
            command = catalogue.named(fitting, word)
            if command is not None:
                self._allow(command)
                return command, path
        known = sorted(c["name"] for c in found if c["type"] == kind)
        raise BadInput(f"no command {params.shown(name)} of type {kind.name.lower()}; registered: {known}")

    def _is_menu(self, kind: CommandType, command: Json) -> bool:
        # "command" with a target or a message means the context menu of that name.
        has_target = bool(self.data.get("target") or self.data.get("message"))
        return kind is CommandType.CHAT_INPUT and has_target and command["type"] != CommandType.CHAT_INPUT

    def _allow(self, command: Json) -> None:
        if self.data.get("force"):
            return
        if not catalogue.may_use(self.box, self.user, self.channel, command):
            raise BadInput(f"user {self.user.id} may not use {command['name']!r} here; `force` skips Discord's check")

    def _target(self, command: Json) -> Json:
        if command["type"] == CommandType.USER:
            field = "target" if "target" in self.data else "message"
            target = params.user(self.box, self.data, field)
            self.resolved.user(target.id)
            return {"target_id": str(target.id)}
        field = "message" if "message" in self.data else "target"
        row = params.message(self.box, self.data, self.channel, field)
        self.resolved.message(row)
        return {"target_id": str(row.id)}


def _without_focus(filler: Filler, options: object) -> object:
    if isinstance(options, list):
        for option in options:
            if isinstance(option, dict) and option.get("focused"):
                filler.focused = str(option.get("name"))
            if isinstance(option, dict) and isinstance(option.get("options"), list):
                _without_focus(filler, option["options"])
    return options
