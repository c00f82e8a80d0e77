"""`make bench`: every figure of the README, measured on this machine in one run."""

import argparse
import tempfile
from pathlib import Path

from app.core.settings import PROJECT
from benchmarks import caches, commands, economy, event_path, ingest, memory, publish, ready, search
from benchmarks.report import Report
from tests.factories.system import BASIC, running

LARGE = 5
EVERYTHING = (*BASIC, "worker-chat", "flower")


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "benchmarks" / "results" / "latest.json")
    parser.add_argument(
        "--only", choices=("ingest", "commands", "economy", "memory", "publish", "ready", "events", "search", "cache")
    )
    parser.add_argument("--large", action="store_true", help=f"{LARGE} times as many events")
    chosen = parser.parse_args()
    if chosen.large:
        ingest.EVENTS *= LARGE
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), report, chosen.only)
    report.write(chosen.out)
    print(f"written to {chosen.out}")


def _measure(folder: Path, report: Report, only: str | None) -> None:
    if only in {None, "events"}:
        event_path.measure(report)
    if only in {None, "ready"}:
        ready.measure(folder / "ready", report)
    if only in {None, "publish"}:
        publish.measure(folder / "publish", report)
    if only in {None, "cache"}:
        caches.measure(folder / "cache", report)
    if only in {None, "memory", "commands", "ingest"}:
        with running(folder / "system", *EVERYTHING) as system:
            for name, part in (("memory", memory), ("commands", commands), ("ingest", ingest)):
                if only in {None, name}:
                    part.measure(system, report)
    if only in {None, "economy"}:
        economy.measure(folder / "economy", report)
    if only in {None, "search"}:
        search.measure(folder / "search", report)


if __name__ == "__main__":
    main()
