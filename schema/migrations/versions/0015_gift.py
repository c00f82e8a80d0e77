"""When each member had the last daily gift."""

from alembic import op

revision = "0015_gift"
down_revision = "0014_games"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gifts (
            guild_id bigint NOT NULL,
            user_id bigint NOT NULL,
            given_at timestamptz NOT NULL,
            CONSTRAINT pk_gifts PRIMARY KEY (guild_id, user_id)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE gifts")
