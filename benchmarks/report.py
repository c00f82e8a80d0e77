"""One table on the screen, one JSON file on disk."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Figure:
    """One measured number, and what it should be."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    note: str = ""


@dataclass
class Report:
    """The figures of one run."""

    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        most: float | None = None,
        least: float | None = None,
        note: str = "",
    ) -> None:
        """Keep a figure; `most` and `least` are its targets."""
        target, met = "", None
        if most is not None:
            target, met = f"<= {most:g}", value <= most
        if least is not None:
            target, met = f">= {least:g}", value >= least
        self.figures.append(Figure(name, value, unit, target, met, note))
        print(_line(self.figures[-1]), flush=True)

    def write(self, path: Path) -> None:
        """Write the figures with the machine they were measured on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        content = {"machine": machine, "figures": [asdict(figure) for figure in self.figures]}
        path.write_text(json.dumps(content, indent=2) + "\n")


def _line(figure: Figure) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
    return f"{figure.name:<52} {figure.value:>12,.2f} {figure.unit:<10} {figure.target:<10} {verdict:<7} {figure.note}"
