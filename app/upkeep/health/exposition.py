"""A snapshot in Prometheus' words. Every label's value comes from the code: queues, tasks, parts, jobs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.upkeep.health.monitor import Snapshot
from app.upkeep.health.queries import Backlog, Records
from app.upkeep.health.service import BUCKETS

# The moment of a series' birth, told beside each of them, would double the page.
disable_created_metrics()  # type: ignore[no-untyped-call]

# What only the audit of coins counts.
_UNSOUND = ("imbalance", "negative", "unsettled")


def render(snapshot: Snapshot) -> bytes:
    """The snapshot and what this process counted itself, as `/metrics` shows them."""
    registry = CollectorRegistry()
    registry.register(_Families(snapshot))
    return generate_latest(REGISTRY) + generate_latest(registry)


class _Families(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        shot = self._snapshot
        yield _gauges(
            "heorot_part_up", "Whether a part works", "part", {name: p.is_connected for name, p in shot.parts.items()}
        )
        if shot.backlog is not None:
            yield from _backlog(shot.backlog)
        if shot.records is not None:
            yield from _records(shot.records)
        yield _durations(shot.figures.durations)
        yield _gauges("heorot_backlog", "Rows that wait for a worker", "kind", shot.figures.gauges)
        yield from _counters(shot.figures.counters)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _backlog(backlog: Backlog) -> Iterator[Metric]:
    yield _gauges("heorot_queue_depth", "Tasks that wait", "queue", backlog.queues)
    yield _gauges("heorot_ledger_entries", "Entries that are not committed yet", "queue", backlog.ledgers)
    yield GaugeMetricFamily("heorot_ledger_oldest_seconds", "Age of the oldest entry", value=backlog.oldest_seconds)
    yield GaugeMetricFamily("heorot_tasks_in_progress", "Tasks that a worker holds", value=backlog.in_progress)
    ages = {name: age for name, age in backlog.workers.items() if age is not None}
    yield _gauges("heorot_worker_progress_age_seconds", "Since a task of this queue ended", "queue", ages)
    if backlog.beat is not None:
        yield GaugeMetricFamily("heorot_beat_age_seconds", "Since beat sent a task", value=backlog.beat)
    yield GaugeMetricFamily("heorot_redis_memory_bytes", "Memory of the queue's server", value=backlog.memory_used)
    yield GaugeMetricFamily("heorot_redis_memory_limit_bytes", "Its limit, 0 for none", value=backlog.memory_limit)


def _records(records: Records) -> Iterator[Metric]:
    yield GaugeMetricFamily("heorot_dead_letters", "Events that could not be applied", value=records.dead_letters)
    started = {run.name: run.started_at.timestamp() for run in records.jobs}
    yield _gauges("heorot_job_last_start_timestamp_seconds", "When a job last began", "job", started)
    failed = {run.name: float(run.outcome == "failed") for run in records.jobs}
    yield _gauges("heorot_job_last_failed", "Whether a job's last run failed", "job", failed)
    coins = {kind: run.counts[kind] for run in records.jobs for kind in _UNSOUND if kind in run.counts}
    yield _gauges("heorot_coins_unsound", "What the last look at the ledger of coins found; 0 is sound", "kind", coins)


def _counters(counted: Mapping[str, float]) -> Iterator[Metric]:
    """What all processes counted together: by name, and look-ups of caches by namespace, tier and outcome."""
    family = CounterMetricFamily(
        "heorot_cache_lookups",
        "What became of look-ups in each tier of the caches, by all processes together",
        labels=["namespace", "tier", "outcome"],
    )
    for name, value in sorted(counted.items()):
        kind, *labels = name.split("|")
        if not labels:
            yield CounterMetricFamily(f"heorot_{name}", "Counted by all processes together", value=value)
        elif kind == "cache":
            family.add_metric(labels, value)
    yield family


def _durations(fields: Mapping[str, float]) -> Metric:
    """The workers' histogram; a field is `task|outcome|bucket` or `task|outcome|sum`."""
    buckets: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * (len(BUCKETS) + 1))
    sums: dict[tuple[str, str], float] = {}
    for name, value in fields.items():
        task, outcome, place = name.split("|")
        if place == "sum":
            sums[task, outcome] = value
        else:
            buckets[task, outcome][int(place)] += value
    family = HistogramMetricFamily("heorot_task_duration_seconds", "How long tasks take", labels=["task", "outcome"])
    bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
    for series, counts in sorted(buckets.items()):
        cumulative = list(zip(bounds, accumulate(counts), strict=True))
        family.add_metric(list(series), cumulative, sums.get(series, 0.0))
    return family
