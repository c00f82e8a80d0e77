"""What admins change about levels, and what members wish for themselves: awaited commands.

Each runs once, because its outcome is stored with it. What is changed of a member's experience leaves a record with the
old and the new value, and a line in the guild's log channel.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.leveling import roles, rules, service
from app.community.leveling.service import Gain
from app.core import choices, posts
from app.core.answers import Answer
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.translations import _, marked, ngettext, speaking

ACTIONS = {
    "add": marked("{actor} added experience: {member} had {before} XP, and has {after}."),
    "remove": marked("{actor} removed experience: {member} had {before} XP, and has {after}."),
    "set": marked("{actor} set the experience: {member} had {before} XP, and has {after}."),
}
_LOCK = text(
    "INSERT INTO member_levels (guild_id, user_id) VALUES (:guild, :user)"
    " ON CONFLICT (guild_id, user_id) DO UPDATE SET xp = member_levels.xp RETURNING xp"
)
_LOWER = text("UPDATE member_levels SET xp = :xp, level = :level WHERE guild_id = :guild AND user_id = :user")
_RECORD = text(
    "INSERT INTO xp_changes (guild_id, user_id, actor_id, action, key, before, after)"
    " VALUES (:guild, :user, :actor, :action, :key, :before, :after) ON CONFLICT (guild_id, key) DO NOTHING"
)
_OPTED_OUT = text("SELECT 1 FROM opt_outs WHERE guild_id = :guild AND user_id = :user")
_WISH = text(
    "INSERT INTO member_levels (guild_id, user_id, wants_direct) VALUES (:guild, :user, :wish)"
    " ON CONFLICT (guild_id, user_id) DO UPDATE SET wants_direct = excluded.wants_direct"
)
_CHOOSE = text(
    "INSERT INTO xp_multipliers (guild_id, target_id, kind, percent) VALUES (:guild, :target, :kind, :percent)"
    " ON CONFLICT (guild_id, target_id) DO UPDATE SET percent = excluded.percent"
)
_UNCHOOSE = text("DELETE FROM xp_multipliers WHERE guild_id = :guild AND target_id = :target RETURNING 1")
_CHOSEN = text("SELECT count(*) FROM xp_multipliers WHERE guild_id = :guild AND target_id <> :target")
_ADD_ROLE = text(
    "INSERT INTO level_roles (guild_id, role_id, level) VALUES (:guild, :role, :level)"
    " ON CONFLICT (guild_id, role_id) DO UPDATE SET level = excluded.level"
)
_DROP_ROLE = text("DELETE FROM level_roles WHERE guild_id = :guild AND role_id = :role RETURNING level")
_ROLES = text("SELECT count(*) FROM level_roles WHERE guild_id = :guild AND role_id <> :role")
# Wishes that Discord has not taken yet must not come true afterwards.
_FORGET_WISHES = text("DELETE FROM level_role_changes WHERE guild_id = :guild AND role_id = :role AND done_at IS NULL")


def change_xp(uow: UnitOfWork, command: Command) -> Answer:
    """Add to, take from, or set a member's experience; new levels are paid once, and lower ones take nothing back."""
    action, user, amount = command.text("action"), command.integer("user"), command.integer("amount")
    if action not in ACTIONS:
        raise BadInput(
            _("“{value}” is no action. Allowed: {allowed}.").format(value=action[:50], allowed=", ".join(ACTIONS))
        )
    rules.checked_xp(amount, low=0 if action == "set" else 1)
    _refuse_if_opted_out(uow.session, command.guild_id, user)
    here = {"guild": command.guild_id, "user": user}
    before: int = uow.session.execute(_LOCK, here).scalar_one()
    after = {"add": before + amount, "remove": before - amount, "set": amount}[action]
    after = min(max(after, 0), rules.MOST_XP)
    put(uow, command.guild_id, user, before, after, channel_id=command.channel_id)
    record = {**here, "actor": command.user_id, "action": action, "key": str(command.id)}
    uow.session.execute(_RECORD, {**record, "before": before, "after": after})
    words: dict[str, object] = {
        "member": f"<@{user}>",
        "before": before,
        "after": after,
        "actor": f"<@{command.user_id}>",
    }
    log(uow, command, ACTIONS[action], words, about=user)
    return Answer(
        _("{member} had {before} XP, and has {after}: level {level}.").format(**words, level=rules.level_of(after))
    )


def put(
    uow: UnitOfWork, guild_id: int, user_id: int, before: int, after: int, *, channel_id: int | None = None
) -> None:
    """Bring a member, whose level is locked, from one amount to another."""
    if after > before:
        service.add(uow, [Gain(guild_id, user_id, after - before, channel_id)])
    elif after < before:
        level = rules.level_of(after)
        uow.session.execute(_LOWER, {"guild": guild_id, "user": user_id, "xp": after, "level": level})
        roles.sync(uow, guild_id, user_id, level)


def log(
    uow: UnitOfWork, command: Command, sentence: str, words: dict[str, object], *, about: int | None = None
) -> None:
    """Owe the guild's log channel a line, in the guild's language."""
    channel = choices.log_channel(uow.session, command.guild_id)
    if channel is None:
        return
    with speaking(choices.load(uow.session, command.guild_id).language):
        content = "📈 " + _(sentence).format(**words)
    posts.owe(
        uow,
        guild_id=command.guild_id,
        channel_id=channel,
        subject_id=about or command.user_id,
        kind="leveling",
        dedupe_key=f"leveling:{command.id}",
        body={"content": content},
    )


def _refuse_if_opted_out(session: Session, guild_id: int, user_id: int) -> None:
    if session.execute(_OPTED_OUT, {"guild": guild_id, "user": user_id}).first():
        raise Refused(_("Nothing may be recorded of somebody who opted out; /privacy on ends that."))


def choose_news(uow: UnitOfWork, command: Command) -> Answer:
    """Note whether a member wants to hear of new levels by direct message. Twice leaves the same wish."""
    wish = command.arguments.get("direct")
    if not isinstance(wish, bool):
        raise BadInput(_("direct must be yes or no."))
    _refuse_if_opted_out(uow.session, command.guild_id, command.user_id)
    uow.session.execute(_WISH, {"guild": command.guild_id, "user": command.user_id, "wish": wish})
    if not wish:
        return Answer(_("I will no longer write you about your levels in this server."))
    if rules.NOTICES.of(choices.load(uow.session, command.guild_id).options) == "off":
        return Answer(_("I will write you about your levels as soon as this server wants news of levels at all."))
    return Answer(_("I will write you about your new levels in this server."))


def choose_multiplier(uow: UnitOfWork, command: Command) -> Answer:
    """Set what experience is worth in a channel or with a role; 1 is as usual, and leaves no row."""
    kind, target = command.text("kind"), command.integer("target")
    percent = rules.percent_of(command.text("factor"))
    if kind not in {"channel", "role"}:
        raise BadInput(_("“{value}” is neither channel nor role.").format(value=kind[:50]))
    here = {"guild": command.guild_id, "target": target, "kind": kind, "percent": percent}
    words: dict[str, object] = {
        "place": f"<#{target}>" if kind == "channel" else f"<@&{target}>",
        "factor": percent / 100,
    }
    if percent == rules.ONE:
        uow.session.execute(_UNCHOOSE, here)
    else:
        _leave_room(uow.session.execute(_CHOSEN, here).scalar_one())
        uow.session.execute(_CHOOSE, here)
    words["actor"] = f"<@{command.user_id}>"
    log(uow, command, marked("{actor} made experience worth {factor:g} times as much in {place}."), words)
    if percent == 0:
        return Answer(_("There is no experience in {place} any more.").format(**words))
    return Answer(_("Experience in {place} is now worth {factor:g} times as much.").format(**words))


def _leave_room(there: int) -> None:
    if there >= rules.MOST_CHOICES:
        raise Refused(_("There are {count} already, which is as many as I keep.").format(count=there))


def add_role(uow: UnitOfWork, command: Command) -> Answer:
    """Give everybody who reaches a level this role, also those who are there already."""
    level, role = rules.checked_level(command.integer("level")), command.integer("role")
    here = {"guild": command.guild_id, "role": role, "level": level}
    _leave_room(uow.session.execute(_ROLES, here).scalar_one())
    uow.session.execute(_ADD_ROLE, here)
    count = roles.sync_all(uow.session, command.guild_id, role, level)
    words: dict[str, object] = {"role": f"<@&{role}>", "level": level, "actor": f"<@{command.user_id}>"}
    log(uow, command, marked("{actor} made {role} the role of level {level}."), words)
    given = ngettext("{count} member gets it now.", "{count} members get it now.", count).format(count=count)
    return Answer(_("From level {level} on, members get {role}.").format(**words) + " " + given)


def drop_role(uow: UnitOfWork, command: Command) -> Answer:
    """Give the role no longer; whoever has it keeps it."""
    role = command.integer("role")
    here = {"guild": command.guild_id, "role": role}
    level = uow.session.execute(_DROP_ROLE, here).scalar()
    if level is None:
        raise BadInput(_("{role} belongs to no level. /leveling show lists those that do.").format(role=f"<@&{role}>"))
    uow.session.execute(_FORGET_WISHES, here)
    words: dict[str, object] = {"role": f"<@&{role}>", "level": level, "actor": f"<@{command.user_id}>"}
    log(uow, command, marked("{actor} took {role} from level {level}."), words)
    return Answer(_("Level {level} brings {role} no longer. Whoever has it keeps it.").format(**words))
