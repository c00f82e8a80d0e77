"""What beat starts, and when.

Each job is keyed by (name, slot) in `job_runs`, so a late or second beat is harmless; those of `health` only measure.
An entry expires before the next ones pile up behind a worker that is away.
"""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "health.pulses": {"task": "health.pulses", "schedule": 30.0, "options": {"expires": 60}},
    "health.gauges": {"task": "health.gauges", "schedule": 60.0, "options": {"expires": 60}},
}
