"""What happened: guilds, people, messages and the batches that brought them."""

from alembic import op

revision = "0001_activity"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    op.execute("SELECT 1")
