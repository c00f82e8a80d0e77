"""Games: what is open, who plays, how each ended, and what members forbid themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Moment, Snowflake, SnowflakeKey

KINDS = ("roulette", "blackjack", "slots", "group", "duel", "rps", "007", "c21", "quicktype", "quiz", "quizduo")
_KIND = f"kind IN ({', '.join(repr(kind) for kind in KINDS)})"


class Game(Base):
    """A game with everything that is needed to go on with it after any restart.

    `waiting` until the challenged has answered or the time to join is over; `void` where the stakes went back.
    `deadline` is when its present step is over; it is NULL once the game is.
    """

    __tablename__ = "games"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("status IN ('waiting', 'playing', 'settled', 'void')", name="status"),
        CheckConstraint("stake >= 0", name="stake"),
        CheckConstraint("(deadline IS NULL) = (status IN ('settled', 'void'))", name="deadline"),
        Index("ix_games_deadline", "deadline", postgresql_where=text("deadline IS NOT NULL")),
        Index("ix_games_show_at", "show_at", postgresql_where=text("show_at IS NOT NULL")),
        Index("ix_games_ended_at", "ended_at"),
        # One group roulette a channel, which others join instead of beginning a second one.
        Index(
            "uq_games_waiting_group",
            "guild_id",
            "channel_id",
            unique=True,
            postgresql_where=text("kind = 'group' AND status = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    # What each player stakes (in a group roulette: what whoever joins by the button stakes).
    stake: Mapped[Snowflake]
    # The language of its message.
    language: Mapped[str] = mapped_column(Text)
    # What the game knows of itself, as its kind in app.community.games.kinds writes it; empty while it waits.
    state: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # What each seat got in the end (see app.community.games.messages.Outcome); empty before.
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # The number of the decision that its buttons are for.
    step: Mapped[int] = mapped_column(Integer, server_default="0")
    # Grows with every change, so that an older picture of it never replaces a newer one.
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    step_started_at: Mapped[CreatedAt]
    deadline: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # The post that carries its message; NULL for games that are over at once.
    post_id: Mapped[int | None] = mapped_column(BigInteger)
    # When its message is to be brought up to date next; NULL: nobody has to.
    show_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class GamePlayer(Base):
    """Somebody at a game; `is_active` from the moment that binds them until the game is over.

    The challenged have a row before they accept, and are not active yet.
    """

    __tablename__ = "game_players"
    __table_args__ = (
        CheckConstraint("stake >= 0", name="stake"),
        Index("uq_game_players_active", "guild_id", "user_id", unique=True, postgresql_where=text("is_active")),
        Index("ix_game_players_user", "user_id"),
        Index("ix_game_players_joined_at", "joined_at"),
    )

    game_id: Mapped[SnowflakeKey]
    seat: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    guild_id: Mapped[Snowflake]
    user_id: Mapped[Snowflake]
    stake: Mapped[Snowflake]
    is_active: Mapped[bool]
    joined_at: Mapped[CreatedAt]


class GameResult(Base):
    """How a game ended for one player: what was staked, and what came back with it (the stake included)."""

    __tablename__ = "game_results"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("result IN ('win', 'loss', 'push')", name="result"),
        CheckConstraint("stake >= 0 AND payout >= 0", name="coins"),
        Index("ix_game_results_user", "guild_id", "user_id", "ended_at"),
    )

    guild_id: Mapped[SnowflakeKey]
    game_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    kind: Mapped[str] = mapped_column(Text)
    # The other player, where there is exactly one.
    opponent_id: Mapped[Snowflake | None]
    stake: Mapped[Snowflake]
    payout: Mapped[Snowflake]
    result: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[CreatedAt]


class GameLimit(Base):
    """What a member forbids themselves: playing until a moment, losing more than so much a day.

    A wish to be freer (`next_daily_loss`, NULL: no limit) counts only from `next_from` on.
    """

    __tablename__ = "game_limits"
    __table_args__ = (CheckConstraint("daily_loss > 0 AND next_daily_loss > 0", name="daily_loss"),)

    guild_id: Mapped[SnowflakeKey]
    user_id: Mapped[SnowflakeKey]
    excluded_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    daily_loss: Mapped[Snowflake | None]
    next_daily_loss: Mapped[Snowflake | None]
    next_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[Moment]
