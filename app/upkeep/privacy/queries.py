"""What there is of a person."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import engine
from app.upkeep.privacy.rules import MESSAGES, RULES, Rule
from schema.models.privacy import OptOut


@dataclass(frozen=True)
class Stored:
    """How many rows of a person a guild has, by what they are, and whether the person opted out."""

    counts: dict[str, int]
    opted_out: bool


def stored(guild_id: int, user_id: int) -> Stored:
    """What one guild has of a person."""
    with Session(engine()) as session:
        counts = {
            str(rule.label): session.execute(
                text(f"SELECT count(*) FROM {rule.table} WHERE {_where(rule)}"),  # noqa: S608 - our own rules.
                {"user": user_id, "guild": guild_id},
            ).scalar_one()
            for rule in (MESSAGES, *RULES)
            if rule.label
        }
        opted_out = session.get(OptOut, (guild_id, user_id)) is not None
    return Stored({label: count for label, count in counts.items() if count}, opted_out)


def export(user_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of a person in every guild, by table, with the columns as they are stored."""
    with Session(engine()) as session:
        found: dict[str, list[dict[str, Any]]] = {"users": _rows(session, "users", "id = :user", user_id)}
        for rule in (MESSAGES, *RULES):
            found.setdefault(rule.table, []).extend(
                _rows(session, rule.table, f"{rule.user} = :user AND {rule.only}", user_id)
            )
        mine = "message_id IN (SELECT id FROM messages WHERE author_id = :user)"
        found["message_revisions"] = _rows(session, "message_revisions", mine, user_id)
        for table in ("opt_outs", "erasures"):
            found[table] = _rows(session, table, "user_id = :user", user_id)
    return found


def _rows(session: Session, table: str, where: str, user_id: int) -> list[dict[str, Any]]:
    statement = text(f"SELECT * FROM {table} WHERE {where}")  # noqa: S608 - our own rules.
    return [dict(row) for row in session.execute(statement, {"user": user_id}).mappings()]


def _where(rule: Rule) -> str:
    return f"{rule.user} = :user AND {rule.only}" + ("" if rule.guild is None else " AND guild_id = :guild")
