"""The tags of forums and of the posts in them, by which a search can be limited."""

from alembic import op

revision = "0023_tags"
down_revision = "0021_rankorder"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE channels
            ADD COLUMN available_tags jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN applied_tags bigint[] NOT NULL DEFAULT '{}'
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE channels DROP COLUMN available_tags, DROP COLUMN applied_tags")
