"""Vector stores and files: our requests and the server's answers are what OpenAI's own document describes."""

import json

import jsonschema
import pytest

from app.clients import openai, vector_stores
from app.core.errors import BadInput, RemoteUnavailable
from app.core.settings import settings
from app.knowledge.vectors import managed
from app.knowledge.vectors.stores import Scope
from tests.factories.openai_server import ROUTES, OpenAIServer

# What each request and answer must be, by the words of the document; None where nothing is sent.
SHAPES = {
    ("POST", "/files"): ("CreateFileRequest", "OpenAIFile"),
    ("GET", "/files"): (None, "ListFilesResponse"),
    ("DELETE", "/files/{}"): (None, "DeleteFileResponse"),
    ("POST", "/vector_stores"): ("CreateVectorStoreRequest", "VectorStoreObject"),
    ("GET", "/vector_stores"): (None, "ListVectorStoresResponse"),
    ("GET", "/vector_stores/{}"): (None, "VectorStoreObject"),
    ("DELETE", "/vector_stores/{}"): (None, "DeleteVectorStoreResponse"),
    ("POST", "/vector_stores/{}/file_batches"): ("CreateVectorStoreFileBatchRequest", "VectorStoreFileBatchObject"),
    ("GET", "/vector_stores/{}/file_batches/{}/files"): (None, "ListVectorStoreFilesResponse"),
    ("GET", "/vector_stores/{}/files"): (None, "ListVectorStoreFilesResponse"),
    ("DELETE", "/vector_stores/{}/files/{}"): (None, "DeleteVectorStoreFileResponse"),
    ("POST", "/vector_stores/{}/search"): ("VectorStoreSearchRequest", "VectorStoreSearchResultsPage"),
}
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
    found = json.loads((shared_dir / "specs" / "openai-openapi.json").read_text())
    return _readable(found)


def _readable(node):
    """The document as JSON Schema has it: a filter within a filter refers to its kind by name, and where several
    alternatives fit one value, one of them is enough."""
    if isinstance(node, dict):
        if "$recursiveRef" in node:
            return {"$ref": "#/components/schemas/CompoundFilter"}
        return {("anyOf" if key == "oneOf" else key): _readable(value) for key, value in node.items()}
    return [_readable(one) for one in node] if isinstance(node, list) else node


def check(document, name, value):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def template(path):
    """The path with its ids left out."""
    return "/".join(
        "{}" if any(part.startswith(kind) for kind in ("file-", "vs_", "vsfb_")) else part for part in path.split("/")
    )


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
    seen = set()
    for one in server.exchanges:
        asked, answered = SHAPES[one.method, template(one.path)]
        seen.add((one.method, template(one.path)))
        if asked is not None:
            check(document, asked, as_sent(one.sent))
        check(document, answered, one.answer)
    assert seen == set(SHAPES)


def as_sent(body):
    """The fields of a form as the document describes them."""
    if "file" not in body:
        return body
    expiry = {"anchor": body["expires_after[anchor]"], "seconds": int(body["expires_after[seconds]"])}
    return {"file": body["file"].decode(), "purpose": body["purpose"], "expires_after": expiry}


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
