"""Buttons, selects and filled modals."""

from app.sandbox.actions.drafts import walk
from app.sandbox.constants import SELECTS, InteractionType, Json
from app.sandbox.control import params
from app.sandbox.errors import BadInput
from app.sandbox.interactions.choices import choose
from app.sandbox.interactions.modals import submitted
from app.sandbox.interactions.registry import Interaction
from app.sandbox.interactions.starter import Starter
from app.sandbox.render import messages as render
from app.sandbox.state.models import Message


class ComponentStarter(Starter):
    """Uses a component of a message, or sends a modal."""

    def component(self) -> Interaction:
        """A click on a button or a choice in a select."""
        message = params.message(self.box, self.data, self.channel)
        viewer = message.extras.viewer_id if message.extras else None
        if render.is_ephemeral(message) and viewer != self.user.id:
            raise BadInput(f"message {message.id} is ephemeral; user {self.user.id} does not see it")
        part = self._part(message, params.text(self.data, "custom_id"))
        body: Json = {"custom_id": part["custom_id"], "component_type": part["type"], "id": part.get("id", 0)}
        if part["type"] in SELECTS:
            body["values"] = self._chosen(part)
        row = self.new(InteractionType.COMPONENT, part["custom_id"])
        row.source_id = message.id
        return self.send(row, body, message)

    def _part(self, message: Message, custom_id: str) -> Json:
        parts = list(walk(message.extras.components)) if message.extras else []
        for part in parts:
            if part.get("custom_id") == custom_id:
                if part.get("disabled"):
                    raise BadInput(f"component {params.shown(custom_id)} is disabled")
                return part
        known = [p["custom_id"] for p in parts if p.get("custom_id")]
        raise BadInput(f"message {message.id} has no component {params.shown(custom_id)}; it has: {known}")

    def _chosen(self, part: Json) -> list[str]:
        values = self.data.get("values") or []
        if not isinstance(values, list):
            raise BadInput("values must be a list of strings")
        low, high = part.get("min_values", 1), part.get("max_values", 1)
        if not low <= len(values) <= high:
            raise BadInput(f"values must have {low} to {high} entries")
        return choose(self.resolved, part, [str(v) for v in values], self.user.id)

    def modal(self) -> Interaction:
        """A filled modal, which must have been opened for this user before."""
        custom_id = params.text(self.data, "custom_id")
        opener = self.box.interactions.modals.get((self.user.id, custom_id))
        if opener is None or opener.modal is None:
            raise BadInput(f"no modal {params.shown(custom_id)} is open for user {self.user.id}")
        fields = self.data.get("fields") or {}
        components = submitted(opener.modal, fields, self.resolved, self.user.id)
        del self.box.interactions.modals[self.user.id, custom_id]
        row = self.new(InteractionType.MODAL, custom_id)
        row.source_id = opener.source_id
        message = self.message(opener.source_id)
        return self.send(row, {"custom_id": custom_id, "components": components}, message)
