"""Whether a guild's admins agreed that its texts may be sent to a third party (the feature `openai`)."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# As a condition of a statement; what names the guild goes into the braces.
AGREES = """
coalesce((
    SELECT agreed.features ->> 'openai' FROM guild_settings agreed WHERE agreed.guild_id = {guild}
), '') = 'true'
"""
_AGREES_ONE = text(f"SELECT {AGREES.format(guild=':id')}")


def agrees(session: Session, guild_id: int) -> bool:
    """Whether this guild agreed; one that said nothing did not."""
    return bool(session.scalar(_AGREES_ONE, {"id": guild_id}))
