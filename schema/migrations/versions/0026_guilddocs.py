"""A document may belong to a whole guild and to no channel, and to no day."""

from alembic import op

revision = "0026_guilddocs"
down_revision = "0025_cachekeys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE documents ALTER COLUMN channel_id DROP NOT NULL, ALTER COLUMN day DROP NOT NULL")
    op.execute("ALTER TABLE document_vectors ALTER COLUMN channel_id DROP NOT NULL")


def downgrade() -> None:
    op.execute(
        """
        DELETE FROM document_vectors v USING documents d
        WHERE d.id = v.document_id AND (d.channel_id IS NULL OR d.day IS NULL)
        """
    )
    op.execute("DELETE FROM documents WHERE channel_id IS NULL OR day IS NULL")
    op.execute("ALTER TABLE document_vectors ALTER COLUMN channel_id SET NOT NULL")
    op.execute("ALTER TABLE documents ALTER COLUMN channel_id SET NOT NULL, ALTER COLUMN day SET NOT NULL")
