"""Time in voice that brings experience: until when it is known, and up to where it was counted."""

from alembic import op

revision = "0016_levelvoice"
down_revision = "0015_gift"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE guilds ADD COLUMN afk_channel_id bigint")
    op.execute(
        """
        CREATE INDEX ix_voice_sessions_ended_at ON voice_sessions (guild_id, ended_at)
        WHERE channel_id IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE TABLE voice_stamps (
            guild_id bigint NOT NULL,
            heard_at timestamptz NOT NULL,
            CONSTRAINT pk_voice_stamps PRIMARY KEY (guild_id)
        ) WITH (fillfactor = 50)
        """
    )
    op.execute(
        """
        CREATE TABLE level_voice (
            guild_id bigint NOT NULL,
            slot bigint NOT NULL,
            CONSTRAINT pk_level_voice PRIMARY KEY (guild_id)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE level_voice")
    op.execute("DROP TABLE voice_stamps")
    op.execute("DROP INDEX ix_voice_sessions_ended_at")
    op.execute("ALTER TABLE guilds DROP COLUMN afk_channel_id")
