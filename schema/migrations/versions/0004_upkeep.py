"""Runs of scheduled jobs."""

from alembic import op

revision = "0004_upkeep"
down_revision = "0003_knowledge"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE job_runs (
            name text NOT NULL,
            slot timestamptz NOT NULL,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            outcome text NOT NULL,
            attempts smallint NOT NULL,
            counts jsonb NOT NULL,
            error text,
            CONSTRAINT pk_job_runs PRIMARY KEY (name, slot),
            CONSTRAINT ck_job_runs_outcome CHECK (outcome IN ('running', 'done', 'failed'))
        )
        """
    )
    op.execute("CREATE INDEX ix_job_runs_slot ON job_runs (slot)")


def downgrade() -> None:
    op.execute("DROP TABLE job_runs")
