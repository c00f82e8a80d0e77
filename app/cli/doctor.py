"""`doctor`: look at every part, and say how to mend what is wrong."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

from app.cli.checks import accounts, machine, servers, work
from app.cli.checks.finding import Finding

CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    machine.python,
    machine.data_dir,
    machine.storage,
    machine.listening,
    servers.database,
    servers.queue,
    work.bot,
    work.backlog,
    work.records,
    work.spool,
    accounts.discord,
    accounts.model,
)
_MARKS = {"ok": "ok", "note": "note", "warning": "WARN", "fault": "FAULT"}


def _run(arguments: argparse.Namespace) -> int:
    findings: list[Finding] = []
    for check in CHECKS:
        for finding in check():
            findings.append(finding)
            if not arguments.json:
                _tell(finding)
    faults = sum(finding.state == "fault" for finding in findings)
    if arguments.json:
        print(json.dumps({"ok": not faults, "findings": [asdict(finding) for finding in findings]}, indent=2))
    elif faults:
        print(f"{faults} of {len(findings)} findings are faults.", file=sys.stderr)
    return 1 if faults else 0


def _tell(finding: Finding) -> None:
    print(f"{_MARKS[finding.state]:<6}{finding.part}: {finding.says}")
    if finding.mend:
        print(f"{'':<6}-> {finding.mend}")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor`."""
    doctor = commands.add_parser("doctor", help="look at every part, and say how to mend what is wrong")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_run)
