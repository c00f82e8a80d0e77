"""What beat starts, and when. Each job is keyed by (name, slot) in `job_runs`, so a late or second beat is harmless."""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {}
