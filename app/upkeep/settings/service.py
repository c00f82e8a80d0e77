"""Changing what guilds and people chose. Every change is told to the bot after its commit."""

from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import posts
from app.core.answers import Answer
from app.core.clock import now
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.redis import broker_redis
from app.core.translations import LANGUAGES, _, choose, speaking
from app.upkeep.settings import messages, rules
from app.upkeep.settings.queries import SETTINGS
from app.upkeep.settings.rules import Setting, Value
from schema.models.settings import GuildSettings, UserPreferences

INVALIDATE = "invalidate"


def tell(namespace: str, guild_id: int) -> None:
    """Tell every process that what it remembers of this guild is old."""
    if namespace == SETTINGS.name:
        SETTINGS.forget(guild_id)
    broker_redis().publish(INVALIDATE, msgspec.json.encode({"ns": namespace, "guild": str(guild_id)}))


def change(uow: UnitOfWork, command: Command) -> Answer:
    """Set one setting of a guild, and owe a post about it to the log channel."""
    if command.guild_id == 0:
        raise Refused(_("Settings belong to a server; use this command there."))
    setting = rules.find(command.text("key"))
    value = rules.parse(setting, command.text("value"))
    before = _current(uow.session, command.guild_id)
    _store(uow.session, command.guild_id, setting, value)
    _post_change(uow, command, setting, value, before)
    uow.after_commit(lambda: tell("settings", command.guild_id))
    text = _("{key} is now {value}.").format(key=f"**{setting.key}**", value=messages.shown(setting, value))
    return Answer(text, data={"column": setting.column, "value": value})


def finish_setup(uow: UnitOfWork, command: Command) -> Answer:
    """Note that an admin went through the panel; nothing that was not chosen changes."""
    _store(uow.session, command.guild_id, None, None)
    uow.after_commit(lambda: tell("settings", command.guild_id))
    return Answer(_("Setup is finished. You can change everything later with /setup or /settings."))


def choose_language(uow: UnitOfWork, command: Command) -> Answer:
    """Note the language that a person wants everywhere; `auto` follows their Discord client."""
    wish = command.text("language").strip().lower()
    if wish not in {*LANGUAGES, "auto"}:
        raise BadInput(
            _("“{value}” is no language of mine. Allowed: {allowed}.").format(
                value=wish[:50], allowed=", ".join([*LANGUAGES, "auto"])
            )
        )
    locale = None if wish == "auto" else wish
    upsert = insert(UserPreferences).values(user_id=command.user_id, locale=locale)
    uow.session.execute(
        upsert.on_conflict_do_update(index_elements=["user_id"], set_={"locale": locale, "updated_at": func.now()})
    )
    uow.after_commit(lambda: tell("settings", 0))
    if locale is None:
        return Answer(_("I will speak the language of your Discord."), data={"language": None})
    with speaking(locale):
        text = _("I will speak {language} to you.").format(language=LANGUAGES[locale])
    return Answer(text, data={"language": locale})


def _current(session: Session, guild_id: int) -> GuildSettings | None:
    return session.execute(select(GuildSettings).where(GuildSettings.guild_id == guild_id)).scalar_one_or_none()


def _store(session: Session, guild_id: int, setting: Setting | None, value: Value) -> None:
    """Write one column (none: the end of the setup), and count the change."""
    fields: dict[str, Any] = {"set_up": True} if setting is None else {setting.column: value}
    if setting is not None and setting.option is not None:
        fields = {"options": {} if value is None else {setting.key: value}}
    changes = dict(fields)
    if setting is not None and setting.option is not None:
        changes = {"options": GuildSettings.options.op("-")(setting.key).concat(fields["options"])}
    if setting is not None and setting.column == "features":
        changes = {"features": GuildSettings.features.concat(value)}
    statement = insert(GuildSettings).values(guild_id=guild_id, **fields)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["guild_id"],
            set_={**changes, "version": GuildSettings.version + 1, "updated_at": now()},
        )
    )


def _post_change(
    uow: UnitOfWork, command: Command, setting: Setting, value: Value, before: GuildSettings | None
) -> None:
    """Owe the log channel a line about the change: the new channel, when it is the channel that changed."""
    channel_id = value if setting.column == "log_channel_id" else before and before.log_channel_id
    if not isinstance(channel_id, int):
        return
    with speaking(choose(before.locale if before else None, command.language)):
        text = _("{user} set {key} to {value}.").format(
            user=f"<@{command.user_id}>", key=f"**{setting.key}**", value=messages.shown(setting, value)
        )
    posts.owe(
        uow,
        guild_id=command.guild_id,
        channel_id=channel_id,
        subject_id=command.user_id,
        kind="settings",
        dedupe_key=f"settings:{command.id}",
        body={"content": f"⚙️ {text}"},
    )
