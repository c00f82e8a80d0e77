"""Vectors of parts of long texts, the model that each guild searches, and texts that no attempt could embed."""

from alembic import op

revision = "0011_models"
down_revision = "0010_giveaways"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE message_vectors ADD COLUMN part smallint DEFAULT 0 NOT NULL",
    "ALTER TABLE message_vectors DROP CONSTRAINT pk_message_vectors",
    "ALTER TABLE message_vectors ADD CONSTRAINT pk_message_vectors PRIMARY KEY (message_id, model, part)",
    """
    CREATE TABLE guild_models (
        guild_id bigint NOT NULL,
        model text NOT NULL,
        target text,
        below bigint,
        has_leftovers boolean DEFAULT false NOT NULL,
        CONSTRAINT pk_guild_models PRIMARY KEY (guild_id)
    )
    """,
    # What is there is what is searched: a guild with vectors of two models has the newest of them.
    """
    INSERT INTO guild_models (guild_id, model)
    SELECT DISTINCT ON (guild_id) guild_id, model FROM message_vectors ORDER BY guild_id, created_at DESC
    """,
    """
    CREATE TABLE embedding_failures (
        source text NOT NULL,
        item_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        model text NOT NULL,
        attempts smallint NOT NULL,
        reason text NOT NULL,
        failed_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_embedding_failures PRIMARY KEY (source, item_id)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE embedding_failures, guild_models")
    op.execute("DELETE FROM message_vectors WHERE part > 0")
    op.execute("ALTER TABLE message_vectors DROP CONSTRAINT pk_message_vectors")
    op.execute("ALTER TABLE message_vectors DROP COLUMN part")
    op.execute("ALTER TABLE message_vectors ADD CONSTRAINT pk_message_vectors PRIMARY KEY (message_id, model)")
