import pytest

from tests.factories import knowledge


@pytest.fixture
def index(database):
    """A fresh database, and the real local model."""
    knowledge.use_local_model()
