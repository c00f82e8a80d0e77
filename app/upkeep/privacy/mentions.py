"""People who are named in what the bot wrote for others: posts, and the answers of commands.

Such a row stays, as it belongs to somebody else; what names the person in it goes. What Discord already shows stays
there.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from schema.models.outbound import OutboundPost
from schema.models.outcomes import Outcome

# What is shown in the place of somebody who was erased.
NOBODY = "@…"


def forget_person(session: Session, guild_id: int | None, user_id: int, moment: datetime | None = None) -> None:
    """Name the person no longer (guild None: anywhere; with a moment: in what is older). Twice finds nothing more."""
    for post in session.scalars(_naming(OutboundPost, OutboundPost.body, guild_id, user_id, moment)):
        post.body = without(post.body, user_id)
    for outcome in session.scalars(_naming(Outcome, Outcome.answer, guild_id, user_id, moment)):
        outcome.answer = without(outcome.answer, user_id)
    session.flush()


def _naming(
    model: type[Any], written: InstrumentedAttribute[Any], guild_id: int | None, user_id: int, moment: datetime | None
) -> Any:
    wanted: list[ColumnElement[bool]] = [cast(written, Text).contains(str(user_id))]
    if guild_id is not None:
        wanted.append(model.guild_id == guild_id)
    if moment is not None:
        wanted.append(model.created_at < moment)
    return select(model).where(*wanted).with_for_update()


def without(written: Any, user_id: int) -> Any:
    """The same message, with the person's mentions blanked and the id nowhere else."""
    if isinstance(written, str):
        return re.sub(rf"(?<!\d){user_id}(?!\d)", "0", re.sub(f"<@!?{user_id}>", NOBODY, written))
    if isinstance(written, dict):
        return {key: without(value, user_id) for key, value in written.items()}
    if isinstance(written, list):
        return [without(value, user_id) for value in written if str(value) != str(user_id)]
    return written
