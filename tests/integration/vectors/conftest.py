import pytest

from tests.factories import knowledge
from tests.factories.hall_fixtures import workers

__all__ = ["workers"]


@pytest.fixture
def index(database):
    """A fresh database, and the real local model."""
    knowledge.use_local_model()
