import pytest

from app.clients import openai
from tests.contract.vectors.openai_document import check_exchanges, here
from tests.factories import knowledge
from tests.factories.hall_fixtures import workers
from tests.factories.managed import forget_processes
from tests.factories.openai_server import OpenAIServer

__all__ = ["workers"]


@pytest.fixture
def index(database):
    """A fresh database, and the real local model."""
    knowledge.use_local_model()


@pytest.fixture
def server(index, monkeypatch):
    """The store elsewhere; embedding stays here. Whatever is asked of it and answered is what OpenAI's document says."""
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("VECTOR_STORE", "openai")
        forget_processes()
        yield running
        openai.client().close()
        forget_processes()
        if (document := here()) is not None:
            check_exchanges(document, running.exchanges)
