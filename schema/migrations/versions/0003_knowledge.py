"""What can be found: the search index and its vectors."""

from alembic import op

revision = "0003_knowledge"
down_revision = "0002_commands"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    """
    CREATE TABLE message_terms (
        message_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        author_id bigint NOT NULL,
        language text NOT NULL,
        terms tsvector NOT NULL,
        CONSTRAINT pk_message_terms PRIMARY KEY (message_id)
    )
    """,
    "CREATE INDEX ix_message_terms_guild_id_message_id ON message_terms (guild_id, message_id)",
    "CREATE INDEX ix_message_terms_terms ON message_terms USING gin (terms)",
    """
    CREATE TABLE message_vectors (
        message_id bigint NOT NULL,
        model text NOT NULL,
        guild_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        author_id bigint NOT NULL,
        dims smallint NOT NULL,
        content_hash bytea NOT NULL,
        embedding halfvec NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_message_vectors PRIMARY KEY (message_id, model),
        CONSTRAINT ck_message_vectors_dims CHECK (vector_dims(embedding) = dims)
    )
    """,
    """
    CREATE INDEX ix_message_vectors_guild_id_model_message_id ON message_vectors (guild_id, model, message_id)
    """,
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
    """
    CREATE TABLE embedding_claims (
        message_id bigint NOT NULL,
        guild_id bigint NOT NULL,
        claimed_until timestamptz NOT NULL,
        attempts smallint NOT NULL,
        CONSTRAINT pk_embedding_claims PRIMARY KEY (message_id)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    # The extension stays: it may have been there before, and other schemas may use it.
    op.execute("DROP TABLE embedding_claims, message_vectors, message_terms")
