"""Reading what guilds and people chose."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import engine
from app.core.policy import PolicyData
from app.core.settings import settings
from schema.models.privacy import OptOut
from schema.models.settings import GuildSettings


def default_mode() -> str:
    """The content mode of a guild that has not chosen: a real one counts, the sandbox stores."""
    return "store" if settings().is_sandboxed else "counts"


def load_policy() -> PolicyData:
    """What the bot must know before it hears anything: modes, prefixes, languages and who opted out."""
    with Session(engine()) as session:
        rows = session.execute(
            select(
                GuildSettings.guild_id,
                GuildSettings.content_mode,
                GuildSettings.prefix,
                GuildSettings.locale,
            )
        ).all()
        opted_out = frozenset((guild, user) for guild, user in session.execute(select(OptOut.guild_id, OptOut.user_id)))
    return PolicyData(
        modes={row.guild_id: row.content_mode for row in rows if row.content_mode},
        prefixes={row.guild_id: row.prefix for row in rows},
        locales={row.guild_id: row.locale for row in rows if row.locale},
        opted_out=opted_out,
        default_mode=default_mode(),
    )
