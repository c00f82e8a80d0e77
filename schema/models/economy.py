"""Coins: who has how many, and every movement of them."""

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, CreatedAt, Snowflake, SnowflakeKey

# Where coins may lie. `mint` and `burn` have no row: what they gave and took is the sum of their entries, and a row
# would make every change in a guild wait for the one before.
KINDS = ("member", "game", "lottery", "giveaway", "mint", "burn")
TYPES = (
    "start",
    "transfer",
    "daily_gift",
    "jackpot_reward",
    "level_up",
    "invite_reward",
    "invite_revoked",
    "lottery_base",
    "lottery_purchase",
    "lottery_win",
    "bet",
    "payout",
    "bonus",
    "refund",
    "purchase",
    "giveaway_funding",
    "giveaway_prize",
    "giveaway_refund",
    "admin_set",
    "erased",
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class CoinAccount(Base):
    """A balance: always the sum of the account's entries, and never below zero.

    `owner_id` is the member, the game or the giveaway; 0 for the lottery, of which a guild has one.
    """

    __tablename__ = "coin_accounts"
    __table_args__ = (
        CheckConstraint(_one_of("kind", ("member", "game", "lottery", "giveaway")), name="kind"),
        CheckConstraint("balance >= 0", name="balance"),
        Index(
            "ix_coin_accounts_ranking",
            "guild_id",
            text("balance DESC"),
            "owner_id",
            postgresql_where=text("kind = 'member' AND is_ranked"),
        ),
        # A bet touches two balances: room on each page keeps the updates short.
        {"postgresql_with": {"fillfactor": 80}},
    )

    guild_id: Mapped[SnowflakeKey]
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    owner_id: Mapped[SnowflakeKey]
    balance: Mapped[Snowflake] = mapped_column(server_default=text("0"))
    # False while the member is away or opted out; triggers keep it.
    is_ranked: Mapped[bool] = mapped_column(server_default=text("true"))
    opened_at: Mapped[CreatedAt]


class CoinEntry(Base):
    """Coins that went from one account to another, so that every entry balances by itself.

    `key` is what the entry is for (an interaction, a game, a day): a second entry under the same key is never written.
    """

    __tablename__ = "coin_entries"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(source_kind, source_id) <> (target_kind, target_id)", name="two_accounts"),
        CheckConstraint(_one_of("source_kind", KINDS), name="source_kind"),
        CheckConstraint(_one_of("target_kind", KINDS), name="target_kind"),
        CheckConstraint(_one_of("type", TYPES), name="type"),
        UniqueConstraint("guild_id", "key"),
        Index("ix_coin_entries_source", "guild_id", "source_kind", "source_id", "id"),
        Index("ix_coin_entries_target", "guild_id", "target_kind", "target_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    guild_id: Mapped[Snowflake]
    key: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    source_kind: Mapped[str] = mapped_column(Text)
    source_id: Mapped[Snowflake]
    target_kind: Mapped[str] = mapped_column(Text)
    target_id: Mapped[Snowflake]
    amount: Mapped[Snowflake]
    # The person who caused it; NULL where the house did by itself.
    actor_id: Mapped[Snowflake | None]
    # What it was about, in a word or an id; never what people wrote.
    reference: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[CreatedAt]
