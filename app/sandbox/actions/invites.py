"""Invites being made, used and removed."""

from app.sandbox.box import Box
from app.sandbox.constants import Json
from app.sandbox.hub import Event
from app.sandbox.render import invites as render
from app.sandbox.state.models import Invite


def create(box: Box, invite: Invite) -> Json:
    """Keep the invite and tell; returns its object."""
    box.world.invites[invite.code] = invite
    body = render.invite(box.world, invite)
    data = {k: v for k, v in body.items() if k not in {"guild", "channel"}}
    data |= {"channel_id": str(invite.channel_id), "guild_id": str(invite.guild_id)}
    box.hub.publish(Event("INVITE_CREATE", data, guild_id=invite.guild_id))
    return body


def use(box: Box, invite: Invite) -> None:
    """Count one use; a used-up invite disappears."""
    invite.uses += 1
    if invite.max_uses and invite.uses >= invite.max_uses:
        delete(box, invite)


def delete(box: Box, invite: Invite) -> None:
    """Remove the invite and tell."""
    del box.world.invites[invite.code]
    data = {"channel_id": str(invite.channel_id), "guild_id": str(invite.guild_id), "code": invite.code}
    box.hub.publish(Event("INVITE_DELETE", data, guild_id=invite.guild_id))
