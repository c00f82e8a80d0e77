"""What one day and one text may bring: what a member earned today, and the newest message that brought something."""

from alembic import op

revision = "0019_levellimits"
down_revision = "0018_lottery"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE member_levels ADD COLUMN message_id bigint, ADD COLUMN repeats integer DEFAULT 0 NOT NULL,"
        " ADD COLUMN day date, ADD COLUMN day_xp bigint DEFAULT 0 NOT NULL"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE member_levels DROP COLUMN message_id, DROP COLUMN repeats, DROP COLUMN day, DROP COLUMN day_xp"
    )
