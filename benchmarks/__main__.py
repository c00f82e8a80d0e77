"""`make bench`: every figure of the README, measured on this machine in one run."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from app.core.settings import PROJECT
from benchmarks import boards, caches, commands, economy, event_path, ingest, memory, publish, ready, scale, search
from benchmarks.report import Report
from tests.factories.system import BASIC, running

LARGE = 5
EVERYTHING = (*BASIC, "worker-chat", "flower")
# What starts servers of its own, and what is measured in one running system, in the order of the table.
_FIRST: dict[str, Any] = {"ready": ready, "publish": publish, "cache": caches}
_TOGETHER: dict[str, Any] = {"memory": memory, "commands": commands, "ingest": ingest}
_LAST: dict[str, Any] = {"economy": economy, "leaderboards": boards, "search": search, "scale": scale}


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "benchmarks" / "results" / "latest.json")
    parser.add_argument("--only", choices=("events", *_FIRST, *_TOGETHER, *_LAST))
    parser.add_argument("--large", action="store_true", help=f"{LARGE} times as many events, a million messages")
    chosen = parser.parse_args()
    if chosen.large:
        ingest.EVENTS *= LARGE
        scale.MESSAGES = scale.LARGE_MESSAGES
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), report, chosen.only)
    report.write(chosen.out)
    print(f"written to {chosen.out}")


def _measure(folder: Path, report: Report, only: str | None) -> None:
    if only in {None, "events"}:
        event_path.measure(report)
    for name, alone in _FIRST.items():
        if only in {None, name}:
            alone.measure(folder / name, report)
    if only in {None, *_TOGETHER}:
        with running(folder / "system", *EVERYTHING) as system:
            for name, part in _TOGETHER.items():
                if only in {None, name}:
                    part.measure(system, report)
    for name, alone in _LAST.items():
        if only in {None, name}:
            alone.measure(folder / name, report)


if __name__ == "__main__":
    main()
