"""What beat starts, and how often.

Jobs are keyed by (name, slot) in `job_runs`, so a late or second beat is harmless. Where a task has no row there (the
sweeps, the counting of time in voice, and the pulses) it only offers what is due, and whoever takes that up claims it
first.
An entry expires before the next ones pile up behind a worker that is away: jobs work from what they find to do, so
that the next one makes up for it.
"""

from datetime import timedelta
from typing import Any

# By the wire name of the task. A task that runs once a slot takes its slot's length from here.
PERIODS: dict[str, timedelta] = {
    "ledger.sweep": timedelta(seconds=10),
    "commands.sweep": timedelta(seconds=10),
    "commands.games_sweep": timedelta(seconds=2),
    "outbound.sweep": timedelta(seconds=10),
    "privacy.sweep": timedelta(minutes=1),
    "embeddings.sweep": timedelta(seconds=30),
    "giveaways.draw": timedelta(seconds=5),
    "giveaways.show": timedelta(seconds=10),
    "leaderboards.refresh": timedelta(seconds=30),
    "leaderboards.mark": timedelta(hours=1),
    "invites.sweep": timedelta(seconds=30),
    "invites.settle": timedelta(minutes=1),
    "leveling.sweep": timedelta(seconds=30),
    "leveling.voice": timedelta(seconds=30),
    "health.pulses": timedelta(seconds=30),
    "health.gauges": timedelta(minutes=1),
    "channels.sweep": timedelta(minutes=5),
    "partitions.create": timedelta(hours=1),
    "retention.run": timedelta(hours=1),
    "vectors.prune": timedelta(hours=1),
    "roster.refresh": timedelta(hours=12),
    "vectors.clean": timedelta(hours=1),
    "vectors.index": timedelta(minutes=15),
    "embeddings.store_documents": timedelta(minutes=1),
    "lottery.draw": timedelta(seconds=30),
    # Asks every hour for what is done once a day.
    "economy.reconcile": timedelta(hours=1),
}

SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": name, "schedule": every, "options": {"expires": max(every.total_seconds(), 60)}}
    for name, every in PERIODS.items()
}
