"""Vector stores and files: our requests and the server's answers are what OpenAI's own document describes."""

import jsonschema
import pytest

from app.clients import openai, vector_stores
from app.core.errors import BadInput, RemoteUnavailable
from app.core.settings import settings
from app.knowledge.vectors import managed
from app.knowledge.vectors.stores import Scope
from tests.contract.vectors.openai_document import SHAPES, check, check_exchanges, load, template
from tests.factories.openai_server import ROUTES, OpenAIServer

ATTRIBUTES = {"guild_id": "7", "channel_id": "70", "day": 738_000, "section": "daily-log"}


@pytest.fixture
def server(monkeypatch):
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        settings.cache_clear()
        openai.client.cache_clear()
        yield running
        openai.client().close()
        settings.cache_clear()
        openai.client.cache_clear()


@pytest.fixture(scope="session")
def document(shared_dir):
    return load(shared_dir)


def walk_through():
    """Every function of the client, as the store uses them."""
    store = vector_stores.create_store("heorot-7", {"heorot": "abc", "guild_id": "7"}, 30)
    assert vector_stores.find_stores("heorot", "abc") == [store]
    assert vector_stores.find_stores("heorot", "other") == []
    assert vector_stores.is_alive(store)
    ids = [vector_stores.upload(f"log_{n}.json", f"dragons {n}".encode(), 86_400) for n in range(3)]
    batch = vector_stores.attach(store, [(file, ATTRIBUTES) for file in ids])
    assert vector_stores.batch_states(store, batch) == dict.fromkeys(ids, "completed")
    assert vector_stores.attached(store) == dict.fromkeys(ids, "completed")
    assert {file.id for file in vector_stores.files()} == set(ids)
    filters = managed._filters(Scope(7, (70, 71), "daily-log"))
    found = vector_stores.search(store, "dragons", filters, 10)
    assert {one.file_id for one in found} == set(ids)
    vector_stores.detach(store, ids[0])
    vector_stores.delete_file(ids[0])
    vector_stores.delete_store(store)
    return store, ids[0], batch


def test_requests_and_answers_are_as_the_document_says(server, document):
    walk_through()
    check_exchanges(document, server.exchanges)
    assert {(one.method, template(one.path)) for one in server.exchanges} == set(SHAPES)


def test_paths_and_parameters_are_of_the_document(server, document):
    walk_through()
    paths = {
        ("/".join("{}" if part.startswith("{") else part for part in path.split("/"))): operations
        for path, operations in document["paths"].items()
    }
    for one in server.exchanges:
        operation = paths[template(one.path)][one.method.lower()]
        declared = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
        assert set(one.query) <= declared, one.path


def test_a_wrong_request_would_be_noticed(document):
    with pytest.raises(jsonschema.ValidationError):
        check(document, "VectorStoreSearchRequest", {"query": "x", "max_num_results": 51})
    with pytest.raises(jsonschema.ValidationError):
        check(document, "CreateVectorStoreFileBatchRequest", {"files": []})
    with pytest.raises(jsonschema.ValidationError):
        check(document, "VectorStoreFileAttributes", {"a" * 65: "x"})


@pytest.mark.parametrize("change", [{"object": 7}, {"has_more": "no"}, {"data": [{"id": 7}]}])
def test_a_wrong_answer_would_be_noticed(server, document, change):
    vector_stores.upload("log.json", b"x", 86_400)
    list(vector_stores.files())
    (listed,) = server.asked("GET", "/files")
    listed.answer = {**listed.answer, **change}
    with pytest.raises(jsonschema.ValidationError):
        check_exchanges(document, server.exchanges)


def test_every_route_of_the_server_is_used(server):
    walk_through()
    asked = {(one.method, template(one.path)) for one in server.exchanges}
    assert len(asked) == len([route for route in ROUTES if route[1] != r"/embeddings"])


def test_what_is_gone_already_is_no_error(server):
    store, file, batch = walk_through()
    vector_stores.delete_store(store)
    vector_stores.delete_file(file)
    vector_stores.detach(store, file)
    assert not vector_stores.is_alive(store)
    assert vector_stores.attached(store) == vector_stores.batch_states(store, batch) == {}
    assert vector_stores.attach(store, [(file, ATTRIBUTES)]) is None
    assert vector_stores.search(store, "dragons", managed._filters(Scope(7, (70,))), 10) == []


def test_lists_are_read_to_their_end(server):
    ids = {vector_stores.upload(f"log_{n}.json", b"x", 86_400) for n in range(230)}
    store = vector_stores.create_store("heorot-7", {}, 30)
    ordered = sorted(ids)
    for start in range(0, 230, 100):
        vector_stores.attach(store, [(file, ATTRIBUTES) for file in ordered[start : start + 100]])
    assert set(vector_stores.attached(store)) == ids
    assert {file.id for file in vector_stores.files()} == ids


def test_errors_repeat_nothing_of_what_was_sent(server):
    server.fault("POST", "/files", 503, Retry_After=9)
    with pytest.raises(RemoteUnavailable, match="HTTP 503") as caught:
        vector_stores.upload("log.json", b"secret", 86_400)
    assert caught.value.retry_after == 9
    assert "secret" not in str(caught.value)
    server.fault("POST", "/files", 400)
    with pytest.raises(BadInput, match=r"refuses this .HTTP 400"):
        vector_stores.upload("log.json", b"secret", 86_400)
