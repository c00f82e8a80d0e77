"""Prizes that are drawn among those who join."""

from alembic import op

revision = "0010_giveaways"
down_revision = "0009_search"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE giveaways (
        id bigint NOT NULL,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        host_id bigint,
        title text NOT NULL,
        prize_kind text NOT NULL,
        prize text NOT NULL,
        prize_amount bigint DEFAULT 1 NOT NULL,
        winners smallint NOT NULL,
        language text NOT NULL,
        seed bytea NOT NULL,
        status text DEFAULT 'active' NOT NULL,
        ends_at timestamptz NOT NULL,
        ended_at timestamptz,
        changes integer DEFAULT 0 NOT NULL,
        shown integer DEFAULT 0 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_giveaways PRIMARY KEY (id),
        CONSTRAINT ck_giveaways_status CHECK (status IN ('active', 'ended', 'cancelled')),
        CONSTRAINT ck_giveaways_prize_kind CHECK (prize_kind IN ('coins', 'item', 'other')),
        CONSTRAINT ck_giveaways_prize_amount CHECK (prize_amount > 0),
        CONSTRAINT ck_giveaways_winners CHECK (winners BETWEEN 1 AND 50)
    )
    """,
    "CREATE INDEX ix_giveaways_guild_id ON giveaways (guild_id, status)",
    "CREATE INDEX ix_giveaways_due ON giveaways (ends_at) WHERE status = 'active'",
    "CREATE INDEX ix_giveaways_unshown ON giveaways (id) WHERE changes <> shown",
    """
    CREATE TABLE giveaway_entries (
        guild_id bigint NOT NULL,
        giveaway_id bigint NOT NULL,
        user_id bigint NOT NULL,
        joined_at timestamptz DEFAULT now() NOT NULL,
        place smallint,
        CONSTRAINT pk_giveaway_entries PRIMARY KEY (giveaway_id, user_id)
    )
    """,
    "CREATE INDEX ix_giveaway_entries_user ON giveaway_entries (guild_id, user_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE giveaway_entries")
    op.execute("DROP TABLE giveaways")
