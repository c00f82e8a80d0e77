"""Who was invited by whom, and what it earned."""

from alembic import op

revision = "0007_invites"
down_revision = "0006_inventory"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE invite_uses (
        guild_id bigint NOT NULL,
        uses jsonb NOT NULL,
        held jsonb DEFAULT '{}'::jsonb NOT NULL,
        held_since timestamptz DEFAULT now() NOT NULL,
        asked_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_invite_uses PRIMARY KEY (guild_id)
    )
    """,
    """
    CREATE TABLE invite_arrivals (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        seq bigint NOT NULL,
        joined_at timestamptz NOT NULL,
        state text DEFAULT 'waiting' NOT NULL,
        code text,
        inviter_id bigint,
        is_certain boolean DEFAULT true NOT NULL,
        left_at timestamptz,
        rewarded_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT pk_invite_arrivals PRIMARY KEY (guild_id, user_id),
        CONSTRAINT uq_invite_arrivals_id UNIQUE (id),
        CONSTRAINT ck_invite_arrivals_state CHECK (
            state IN ('waiting', 'pending', 'unknown', 'young', 'left', 'rewarded', 'revoked')
        ),
        CONSTRAINT ck_invite_arrivals_somebody_else CHECK (inviter_id <> user_id)
    )
    """,
    "CREATE INDEX ix_invite_arrivals_inviter ON invite_arrivals (guild_id, inviter_id, state)",
    """
    CREATE INDEX ix_invite_arrivals_open ON invite_arrivals (guild_id, seq) WHERE state IN ('waiting', 'pending')
    """,
    """
    CREATE INDEX ix_invite_arrivals_to_revoke ON invite_arrivals (guild_id, user_id)
    WHERE state = 'rewarded' AND left_at IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE invite_arrivals")
    op.execute("DROP TABLE invite_uses")
