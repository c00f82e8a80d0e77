"""When a member last wrote, for those who wrote before it was noted as far as their messages are still stored."""

from alembic import op

revision = "0024_lastmessage"
down_revision = "0023_tags"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE members ADD COLUMN last_message_at timestamptz")
    op.execute(
        """
        UPDATE members SET last_message_at = snowflake_time(written.newest)
        FROM (SELECT guild_id, author_id, max(id) AS newest FROM messages GROUP BY guild_id, author_id) AS written
        WHERE members.guild_id = written.guild_id AND members.user_id = written.author_id
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE members DROP COLUMN last_message_at")
