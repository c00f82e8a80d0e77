"""Bags of items, their changes, and active multipliers."""

from alembic import op

revision = "0006_inventory"
down_revision = "0005_economy"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE inventory_items (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        item text NOT NULL,
        quantity bigint NOT NULL,
        CONSTRAINT pk_inventory_items PRIMARY KEY (guild_id, user_id, item),
        CONSTRAINT ck_inventory_items_item CHECK (item IN ('jackpot', 'multiplier_x2', 'multiplier_x3')),
        CONSTRAINT ck_inventory_items_quantity CHECK (quantity >= 0)
    )
    """,
    """
    CREATE TABLE inventory_changes (
        guild_id bigint NOT NULL,
        key text NOT NULL,
        user_id bigint NOT NULL,
        item text NOT NULL,
        quantity bigint NOT NULL,
        actor_id bigint,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_inventory_changes PRIMARY KEY (guild_id, key),
        CONSTRAINT ck_inventory_changes_item CHECK (item IN ('jackpot', 'multiplier_x2', 'multiplier_x3')),
        CONSTRAINT ck_inventory_changes_quantity CHECK (quantity <> 0)
    )
    """,
    "CREATE INDEX ix_inventory_changes_user ON inventory_changes (guild_id, user_id)",
    """
    CREATE TABLE active_multipliers (
        guild_id bigint NOT NULL,
        user_id bigint NOT NULL,
        factor smallint NOT NULL,
        games_left smallint NOT NULL,
        activated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_active_multipliers PRIMARY KEY (guild_id, user_id),
        CONSTRAINT ck_active_multipliers_factor CHECK (factor IN (2, 3)),
        CONSTRAINT ck_active_multipliers_games_left CHECK (games_left > 0)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE active_multipliers")
    op.execute("DROP TABLE inventory_changes")
    op.execute("DROP TABLE inventory_items")
