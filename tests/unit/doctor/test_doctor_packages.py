"""The doctor compares what is installed with the lock."""

import sys
from importlib.metadata import version

from app.cli.checks.machine import differing
from app.core.settings import PROJECT


def test_the_environment_of_the_tests_matches_its_lock():
    assert differing(PROJECT / "requirements" / "dev.lock") == []


def test_other_versions_and_missing_packages_are_named(tmp_path):
    lock = tmp_path / "run.lock"
    here, elsewhere = sys.platform, "win32"
    lock.write_text(
        f"celery==0.1 \\\n    --hash=sha256:aa\nno-such-package==1.0 ; sys_platform == '{here}' \\\n    --hash=sha256:bb\n"
        f"colorama==0.4.6 ; sys_platform == '{elsewhere}' \\\n    --hash=sha256:cc\nkombu=={version('kombu')}\n"
    )
    assert differing(lock) == [
        f"celery {version('celery')} instead of ==0.1",
        "no-such-package missing instead of ==1.0",
    ]
