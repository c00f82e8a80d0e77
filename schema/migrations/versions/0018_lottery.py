"""The lottery's draws, and the tickets that were bought for them."""

from alembic import op

revision = "0018_lottery"
down_revision = "0017_documents"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE lottery_draws (
        id bigint GENERATED ALWAYS AS IDENTITY,
        guild_id bigint NOT NULL,
        day date NOT NULL,
        seed bytea NOT NULL,
        sold bigint DEFAULT 0 NOT NULL,
        opened_at timestamptz DEFAULT now() NOT NULL,
        drawn_at timestamptz,
        jackpot bigint,
        attempt integer DEFAULT 0 NOT NULL,
        winning_ticket bigint,
        winner_id bigint,
        CONSTRAINT pk_lottery_draws PRIMARY KEY (id),
        CONSTRAINT uq_lottery_draws_guild_id_day UNIQUE (guild_id, day),
        CONSTRAINT ck_lottery_draws_sold CHECK (sold >= 0),
        CONSTRAINT ck_lottery_draws_seed CHECK (octet_length(seed) = 32)
    )
    """,
    "CREATE UNIQUE INDEX ix_lottery_draws_open ON lottery_draws (guild_id) WHERE drawn_at IS NULL",
    """
    CREATE TABLE lottery_purchases (
        guild_id bigint NOT NULL,
        draw_id bigint NOT NULL,
        first_ticket bigint NOT NULL,
        last_ticket bigint NOT NULL,
        user_id bigint NOT NULL,
        bought_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_lottery_purchases PRIMARY KEY (guild_id, draw_id, first_ticket),
        CONSTRAINT ck_lottery_purchases_tickets CHECK (first_ticket > 0 AND last_ticket >= first_ticket)
    )
    """,
    "CREATE INDEX ix_lottery_purchases_user ON lottery_purchases (guild_id, user_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE lottery_purchases")
    op.execute("DROP TABLE lottery_draws")
