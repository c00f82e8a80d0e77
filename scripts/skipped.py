"""Fail if tests of a package were skipped: `python scripts/skipped.py RESULTS.xml tests.contract`."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def skipped(results: Path, package: str) -> list[str]:
    """The skipped tests of that package, each with its reason."""
    found = []
    for case in ET.parse(results).iter("testcase"):  # noqa: S314 - written by our own test run.
        reason = case.find("skipped")
        if reason is not None and case.get("classname", "").startswith(package):
            found.append(f"{case.get('classname')}.{case.get('name')}: {reason.get('message')}")
    return found


if __name__ == "__main__":
    lines = skipped(Path(sys.argv[1]), sys.argv[2])
    print("\n".join(lines), file=sys.stderr)
    sys.exit(f"{len(lines)} tests of {sys.argv[2]} were skipped." if lines else 0)
