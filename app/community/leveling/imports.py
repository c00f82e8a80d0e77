"""Taking over levels from other bots: shown first, applied when an admin says so, and taken back on request.

What an import gives was earned elsewhere: it pays no rewards and tells nobody, and only raises. Each member's row keeps
what was added, so that undoing it takes exactly that and leaves what was earned since.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.community.leveling import roles, rules
from app.community.leveling.admin import log
from app.community.leveling.files import KEEPS, MOST_ROWS
from app.core.answers import Answer
from app.core.commands import Command
from app.core.db import UnitOfWork
from app.core.errors import BadInput, Refused
from app.core.facts import as_json
from app.core.translations import _, marked, ngettext

Rows = dict[int, int]

_FORGET_ROWS = text(
    "DELETE FROM level_import_rows r USING level_imports i WHERE r.import_id = i.id AND i.guild_id = :guild"
    " AND i.state = 'shown'"
)
_FORGET = text("DELETE FROM level_imports WHERE guild_id = :guild AND state = 'shown'")
_KEEP = text("INSERT INTO level_imports (id, guild_id, actor_id, keep) VALUES (:id, :guild, :actor, :keep)")
# Whoever opted out is left out.
_KEEP_ROWS = text(
    "INSERT INTO level_import_rows (import_id, user_id, guild_id, xp) SELECT :id, r.user_id, :guild, r.xp"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, xp bigint)"
    " WHERE NOT EXISTS (SELECT FROM opt_outs o WHERE o.guild_id = :guild AND o.user_id = r.user_id)"
)
_PREVIEW = text(
    "SELECT count(*) AS members, count(*) FILTER (WHERE r.xp > coalesce(l.xp, 0)) AS rise,"
    " count(*) FILTER (WHERE m.user_id IS NULL OR m.left_at IS NOT NULL) AS away FROM level_import_rows r"
    " LEFT JOIN member_levels l ON l.guild_id = r.guild_id AND l.user_id = r.user_id"
    " LEFT JOIN members m ON m.guild_id = r.guild_id AND m.user_id = r.user_id WHERE r.import_id = :id"
)
_TOP = text(
    "SELECT r.user_id, coalesce(l.xp, 0) AS before, r.xp AS after FROM level_import_rows r"
    " LEFT JOIN member_levels l ON l.guild_id = r.guild_id AND l.user_id = r.user_id"
    " WHERE r.import_id = :id ORDER BY r.xp DESC, r.user_id LIMIT 5"
)
_TAKE = text("SELECT keep FROM level_imports WHERE id = :id AND guild_id = :guild AND state = 'shown' FOR UPDATE")
_NEWEST = text(
    "SELECT id FROM level_imports WHERE guild_id = :guild AND state = 'applied'"
    " ORDER BY applied_at DESC LIMIT 1 FOR UPDATE"
)
_APPLIED = text("UPDATE level_imports SET state = 'applied', applied_at = now() WHERE id = :id")
_UNDONE = text("UPDATE level_imports SET state = 'undone', undone_at = now() WHERE id = :id")
# Makes the rows that are missing and locks all, in one order.
_LOCK = text(
    "INSERT INTO member_levels (guild_id, user_id) SELECT guild_id, user_id FROM level_import_rows"
    " WHERE import_id = :id ORDER BY guild_id, user_id"
    " ON CONFLICT (guild_id, user_id) DO UPDATE SET xp = member_levels.xp RETURNING user_id, xp"
)
_WANTED = text("SELECT user_id, xp, added FROM level_import_rows WHERE import_id = :id")
_PUT = text(
    "UPDATE member_levels SET xp = r.xp, level = r.level"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, xp bigint, level integer)"
    " WHERE member_levels.guild_id = :guild AND member_levels.user_id = r.user_id"
)
_ADDED = text(
    "UPDATE level_import_rows SET added = r.added FROM json_to_recordset(:rows) AS r (user_id bigint, added bigint)"
    " WHERE import_id = :id AND level_import_rows.user_id = r.user_id"
)
_REACHED = text(
    "INSERT INTO level_rewards (guild_id, user_id, level, is_silent, paid_at, import_id)"
    " SELECT :guild, r.user_id, n, true, now(), :id"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, low integer, level integer),"
    " generate_series(r.low, r.level) n"
    " ORDER BY r.user_id, n ON CONFLICT DO NOTHING"
)
# A level that the import gave and the member has by now earned is to be paid; the others can be earned again.
_STILL_REACHED = text(
    "UPDATE level_rewards SET paid_at = NULL, import_id = NULL"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, level integer) WHERE level_rewards.guild_id = :guild"
    " AND level_rewards.user_id = r.user_id AND level_rewards.import_id = :id AND level_rewards.level <= r.level"
)
_NO_LONGER_REACHED = text("DELETE FROM level_rewards WHERE guild_id = :guild AND import_id = :id")
_RECORD = text(
    "INSERT INTO xp_changes (guild_id, user_id, actor_id, action, key, before, after)"
    " SELECT :guild, user_id, :actor, :action, :action || ':' || :id || ':' || user_id, before, xp"
    " FROM json_to_recordset(:rows) AS r (user_id bigint, before bigint, xp bigint)"
    " ON CONFLICT (guild_id, key) DO NOTHING"
)
_LEVEL_ROLES = text("SELECT role_id, level FROM level_roles WHERE guild_id = :guild ORDER BY role_id")


def show(uow: UnitOfWork, command: Command) -> Answer:
    """Keep what a file says, and tell what applying it would do; nothing of the members changes."""
    keep = command.text("keep")
    rows = _rows(command.text("rows"))
    if keep not in KEEPS:
        raise BadInput(
            _("“{value}” cannot be kept. Allowed: {allowed}.").format(value=keep[:50], allowed=", ".join(KEEPS))
        )
    session, here = uow.session, {"id": command.id, "guild": command.guild_id}
    session.execute(_FORGET_ROWS, here)
    session.execute(_FORGET, here)
    session.execute(_KEEP, {**here, "actor": command.user_id, "keep": keep})
    session.execute(_KEEP_ROWS, {**here, "rows": as_json({"user_id": user, "xp": xp} for user, xp in rows.items())})
    found = session.execute(_PREVIEW, here).one()
    lines = [
        ngettext("{count} member is in the file.", "{count} members are in the file.", found.members).format(
            count=found.members
        ),
        _("{rise} would rise, {same} have as much already, {away} left or are unknown to me.").format(
            rise=found.rise, same=found.members - found.rise, away=found.away
        ),
    ]
    lines += [
        _("<@{user}>: level {before} → {after}").format(
            user=row.user_id, before=rules.level_of(row.before), after=rules.level_of(max(row.before, row.after))
        )
        for row in session.execute(_TOP, here)
    ]
    lines.append(_("Nothing is changed yet. Applying it pays no rewards, tells nobody, and can be undone."))
    return Answer("\n".join(lines), data={"import": str(command.id)})


def _rows(given: str) -> Rows:
    try:
        rows = msgspec.json.decode(given, type=Rows)
    except msgspec.MsgspecError:
        raise BadInput(_("The file could not be read.")) from None
    if not 0 < len(rows) <= MOST_ROWS or not all(user > 0 and 0 <= xp <= rules.MOST_XP for user, xp in rows.items()):
        raise BadInput(_("The file could not be read."))
    return rows


def apply(uow: UnitOfWork, command: Command) -> Answer:
    """Raise everybody in a shown import to what it says. Twice is refused: it is applied then."""
    here = _named(command)
    if uow.session.execute(_TAKE, here).first() is None:
        raise Refused(_("This import is no longer there: it was applied, dropped, or another file was shown since."))
    before = {row.user_id: row.xp for row in uow.session.execute(_LOCK, here)}
    changes = [
        _change(row.user_id, before[row.user_id], row.xp)
        for row in uow.session.execute(_WANTED, here)
        if row.xp > before[row.user_id]
    ]
    _write(uow.session, here, command, "import", changes)
    uow.session.execute(_ADDED, {**here, "rows": as_json(changes)})
    uow.session.execute(_REACHED, {**here, "rows": as_json(changes)})
    uow.session.execute(_APPLIED, here)
    _give_roles(uow.session, command.guild_id)
    words: dict[str, object] = {"actor": f"<@{command.user_id}>", "count": len(changes)}
    log(uow, command, marked("{actor} imported the levels of {count} members."), words)
    done = ngettext("{count} member rose.", "{count} members rose.", len(changes)).format(count=len(changes))
    return Answer(done + " " + _("/leveling undo takes it back."))


def drop(uow: UnitOfWork, command: Command) -> Answer:
    """Forget a shown import. Twice leaves the same."""
    here = _named(command)
    if uow.session.execute(_TAKE, here).first() is not None:
        uow.session.execute(_FORGET_ROWS, here)
        uow.session.execute(_FORGET, here)
    return Answer(_("The file is forgotten. Nothing was changed."))


def undo(uow: UnitOfWork, command: Command) -> Answer:
    """Take back the newest import that is applied: exactly what it added, and the roles that came with it."""
    import_id = uow.session.execute(_NEWEST, {"guild": command.guild_id}).scalar()
    if import_id is None:
        raise Refused(_("There is no import to undo."))
    here = {"id": import_id, "guild": command.guild_id}
    before = {row.user_id: row.xp for row in uow.session.execute(_LOCK, here)}
    changes = [
        _change(row.user_id, before[row.user_id], max(before[row.user_id] - row.added, 0))
        for row in uow.session.execute(_WANTED, here)
        if row.added
    ]
    _write(uow.session, here, command, "undo", changes)
    uow.session.execute(_STILL_REACHED, {**here, "rows": as_json(changes)})
    uow.session.execute(_NO_LONGER_REACHED, here)
    uow.session.execute(_UNDONE, here)
    roles.take_all(uow.session, command.guild_id)
    words: dict[str, object] = {"actor": f"<@{command.user_id}>", "count": len(changes)}
    log(uow, command, marked("{actor} undid an import of {count} members."), words)
    return Answer(
        ngettext(
            "The import of {count} member is undone.", "The import of {count} members is undone.", len(changes)
        ).format(count=len(changes))
    )


def _named(command: Command) -> dict[str, int]:
    given = command.text("import_id")
    if not (given.isascii() and given.isdigit() and 0 < int(given[:20]) < 1 << 63):
        raise BadInput(_("“{value}” is no import.").format(value=given[:30]))
    return {"id": int(given), "guild": command.guild_id}


def _change(user_id: int, before: int, after: int) -> dict[str, int]:
    level = rules.level_of(after)
    low = rules.level_of(before) + 1
    return {"user_id": user_id, "before": before, "xp": after, "added": after - before, "low": low, "level": level}


def _write(
    session: Session, here: Mapping[str, Any], command: Command, action: str, changes: list[dict[str, int]]
) -> None:
    """Bring the locked members to these amounts, each with its record."""
    rows = as_json(changes)
    session.execute(_PUT, {"guild": here["guild"], "rows": rows})
    session.execute(_RECORD, {**here, "id": str(here["id"]), "actor": command.user_id, "action": action, "rows": rows})


def _give_roles(session: Session, guild_id: int) -> None:
    for row in session.execute(_LEVEL_ROLES, {"guild": guild_id}).all():
        roles.sync_all(session, guild_id, row.role_id, row.level)
