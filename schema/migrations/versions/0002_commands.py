"""Settings, privacy, command outcomes and outbound posts."""

from alembic import op

revision = "0002_commands"
down_revision = "0001_activity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    op.execute("SELECT 1")
