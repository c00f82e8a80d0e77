"""Invites as Discord writes them."""

from app.sandbox.constants import Json
from app.sandbox.render import users
from app.sandbox.state.models import Invite
from app.sandbox.state.world import World


def invite(world: World, row: Invite) -> Json:
    """An invite with the metadata that managers see."""
    home = world.guilds[row.guild_id]
    place = world.channels[row.channel_id]
    return {
        "type": 0,
        "code": row.code,
        "guild_id": str(home.id),
        "guild": {
            "id": str(home.id),
            "name": home.name,
            "icon": None,
            "description": home.description,
            "banner": None,
            "splash": None,
            "verification_level": 0,
            "vanity_url_code": home.vanity_code,
            "features": ["COMMUNITY"],
            "nsfw": False,
            "nsfw_level": 0,
            "premium_subscription_count": 0,
            "premium_tier": 0,
        },
        "channel": {"id": str(place.id), "name": place.name, "type": int(place.kind)},
        "inviter": users.user(world.users[row.inviter_id]),
        "uses": row.uses,
        "max_uses": row.max_uses,
        "max_age": row.max_age,
        "temporary": row.temporary,
        "created_at": row.created_at,
        "expires_at": None,
    }
