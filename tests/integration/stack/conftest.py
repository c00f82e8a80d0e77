import os

import pytest

from tests.factories import folders


@pytest.fixture
def open_dir():
    """A directory that every user may pass through (pytest's own are closed to others)."""
    with folders.for_servers() as path:
        yield path


@pytest.fixture
def as_root():
    if os.geteuid() != 0:
        pytest.skip("only root lends uids")
