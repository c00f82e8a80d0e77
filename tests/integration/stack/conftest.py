import os
import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def open_dir():
    """A directory that every user may pass through (pytest's own are closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="heorot stack "))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def as_root():
    if os.geteuid() != 0:
        pytest.skip("only root lends uids")
