"""Where a vector may be cached whose worker was killed before it stored it, so that a deletion finds it."""

from alembic import op

revision = "0025_cachekeys"
down_revision = "0024_lastmessage"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE embedding_claims ADD COLUMN cache_keys text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE documents ADD COLUMN cache_keys text[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE documents DROP COLUMN cache_keys")
    op.execute("ALTER TABLE embedding_claims DROP COLUMN cache_keys")
