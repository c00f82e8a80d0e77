"""What can be found: the search index and its vectors."""

from alembic import op

revision = "0003_knowledge"
down_revision = "0002_commands"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    op.execute("SELECT 1")
