"""No graph over the vectors of all guilds any more: each large guild gets one of its own from `vectors.index`."""

from alembic import op

revision = "0020_guild_graphs"
down_revision = "0019_levellimits"
branch_labels = None
depends_on = None

_AGAIN = (
    """
    CREATE INDEX ix_message_vectors_minilm ON message_vectors
    USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)
    WHERE model = 'all-minilm-l6-v2/int8'
    """,
    """
    CREATE INDEX ix_message_vectors_openai ON message_vectors
    USING hnsw ((embedding::halfvec(512)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)
    WHERE model = 'text-embedding-3-small/512'
    """,
)


def upgrade() -> None:
    op.execute("DROP INDEX ix_message_vectors_minilm, ix_message_vectors_openai")


def downgrade() -> None:
    for statement in _AGAIN:
        op.execute(statement)
