"""Search asks one guild's words alone, and ranks a message by what stands around it."""

from alembic import op

revision = "0009_search"
down_revision = "0008_leveling"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE message_terms ADD COLUMN words smallint DEFAULT 0 NOT NULL",
    # What older rows ask or tell of time stays unknown until their messages are edited; they are found all the same.
    "ALTER TABLE message_terms ADD COLUMN traits smallint DEFAULT 0 NOT NULL",
    """
    UPDATE message_terms SET terms = terms || array_to_tsvector(ARRAY[' ' || guild_id]),
        words = least(length(ts_filter(terms, '{a}')), 32000)
    """,
    "CREATE INDEX ix_message_terms_channel_id_message_id ON message_terms (channel_id, message_id)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX ix_message_terms_channel_id_message_id")
    op.execute("UPDATE message_terms SET terms = ts_delete(terms, ' ' || guild_id)")
    op.execute("ALTER TABLE message_terms DROP COLUMN words, DROP COLUMN traits")
