"""When each scheduled job ran, and what it did."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from schema.base import Base, Moment


class JobRun(Base):
    """One slot of one job; a slot that is `done` never runs again, any other is resumed.

    `running` with nobody holding the job's lock means that its process died.
    """

    __tablename__ = "job_runs"
    __table_args__ = (
        CheckConstraint("outcome IN ('running', 'done', 'failed')", name="outcome"),
        Index("ix_job_runs_slot", "slot"),
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    started_at: Mapped[Moment]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The kind of the fault; its message only where that cannot repeat what people wrote.
    error: Mapped[str | None] = mapped_column(Text)
