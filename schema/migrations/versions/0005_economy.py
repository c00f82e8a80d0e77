"""Coins, and the details of features that a guild chooses."""

from alembic import op

revision = "0005_economy"
down_revision = "0004_upkeep"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE guild_settings ADD COLUMN options jsonb DEFAULT '{}'::jsonb NOT NULL",
    """
    CREATE TABLE coin_accounts (
        guild_id bigint NOT NULL,
        kind text NOT NULL,
        owner_id bigint NOT NULL,
        balance bigint DEFAULT 0 NOT NULL,
        opened_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_coin_accounts PRIMARY KEY (guild_id, kind, owner_id),
        CONSTRAINT ck_coin_accounts_kind CHECK (kind IN ('member', 'game', 'lottery', 'giveaway')),
        CONSTRAINT ck_coin_accounts_balance CHECK (balance >= 0)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_coin_accounts_ranking ON coin_accounts (guild_id, balance DESC) WHERE kind = 'member'",
    """
    CREATE TABLE coin_entries (
        id bigint GENERATED ALWAYS AS IDENTITY,
        guild_id bigint NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        source_kind text NOT NULL,
        source_id bigint NOT NULL,
        target_kind text NOT NULL,
        target_id bigint NOT NULL,
        amount bigint NOT NULL,
        actor_id bigint,
        reference text DEFAULT '' NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_coin_entries PRIMARY KEY (id),
        CONSTRAINT uq_coin_entries_guild_id_key UNIQUE (guild_id, key),
        CONSTRAINT ck_coin_entries_amount CHECK (amount > 0),
        CONSTRAINT ck_coin_entries_two_accounts CHECK ((source_kind, source_id) <> (target_kind, target_id)),
        CONSTRAINT ck_coin_entries_source_kind CHECK (
            source_kind IN ('member', 'game', 'lottery', 'giveaway', 'mint', 'burn')
        ),
        CONSTRAINT ck_coin_entries_target_kind CHECK (
            target_kind IN ('member', 'game', 'lottery', 'giveaway', 'mint', 'burn')
        ),
        CONSTRAINT ck_coin_entries_type CHECK (
            type IN (
                'start', 'transfer', 'daily_gift', 'jackpot_reward', 'level_up',
                'invite_reward', 'invite_revoked', 'lottery_base', 'lottery_purchase', 'lottery_win',
                'bet', 'payout', 'bonus', 'refund', 'purchase',
                'giveaway_funding', 'giveaway_prize', 'giveaway_refund', 'admin_set', 'erased'
            )
        )
    )
    """,
    "CREATE INDEX ix_coin_entries_source ON coin_entries (guild_id, source_kind, source_id, id)",
    "CREATE INDEX ix_coin_entries_target ON coin_entries (guild_id, target_kind, target_id, id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE coin_entries")
    op.execute("DROP TABLE coin_accounts")
    op.execute("ALTER TABLE guild_settings DROP COLUMN options")
