"""PostgreSQL knows that a channel is of one guild.

Not knowing, it took a guild's vectors in the channels of a reader for a few dozen, however many there were, and
compared them one by one where the guild's graph takes a quarter of the time.
"""

from alembic import op

revision = "0027_vectorstats"
down_revision = "0026_guilddocs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE STATISTICS st_message_vectors_scope (dependencies) ON guild_id, channel_id, model FROM message_vectors"
    )
    op.execute("ANALYZE message_vectors")


def downgrade() -> None:
    op.execute("DROP STATISTICS st_message_vectors_scope")
