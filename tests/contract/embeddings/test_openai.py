"""The embeddings endpoint: our requests and the fake's answers are what OpenAI's own document describes."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
import pytest

from app.clients import openai
from app.core import redis
from app.core.errors import BadInput, ConfigurationError, RemoteUnavailable, Unavailable
from app.core.settings import settings
from app.knowledge.embeddings import providers


class FakeOpenAI(ThreadingHTTPServer):
    """Answers POST /embeddings on loopback; `status` and `answer` change what it says."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = []
        self.status = 200
        self.param = None
        self.headers = {}
        self.change = lambda answer: answer
        self.raw = None
        self.kind = "application/json"

    def vectors(self, body):
        data = [
            {"object": "embedding", "index": index, "embedding": [round((index + 1) / 512, 6)] * body["dimensions"]}
            for index in range(len(body["input"]))
        ]
        # The order is not promised; the index says whose each one is.
        usage = {"prompt_tokens": 8, "total_tokens": 8}
        return {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, self.headers["Authorization"], body))
        error = {"error": {"message": f"about {body['input']}", "type": "x", "param": self.server.param, "code": "x"}}
        answer = self.server.change(self.server.vectors(body)) if self.server.status == 200 else error
        content = json.dumps(answer).encode() if self.server.raw is None else self.server.raw
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.kind)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Nothing: tests read what was asked from `requests`."""


@pytest.fixture
def fake(monkeypatch):
    server = FakeOpenAI()
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    # Budgets are kept in Redis; without one nothing is held up.
    monkeypatch.setenv("REDIS_CACHE_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("EMBEDDINGS_PROVIDER", "openai")
    forget()
    yield server
    openai.client().close()
    forget()
    server.shutdown()
    serving.join()
    server.server_close()


def forget():
    settings.cache_clear()
    redis.dispose()
    openai.client.cache_clear()
    providers.provider.cache_clear()


def embed(texts, model="text-embedding-3-small", dimensions=512):
    return openai.embed(texts, model, dimensions)


@pytest.fixture(scope="session")
def document(shared_dir):
    return json.loads((shared_dir / "specs" / "openai-openapi.json").read_text())


def check(document, name, value):
    """The value against one schema of the document; `nullable` and discriminators play no part in these two."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_requests_and_answers_are_as_the_document_says(fake, document):
    fake.change = lambda answer: check(document, "CreateEmbeddingResponse", answer) or answer
    embed(["hello", "a longer text with 'quotes' and 龙"])
    ((path, authorization, body),) = fake.requests
    check(document, "CreateEmbeddingRequest", body)
    assert (path, authorization) == ("/v1/embeddings", "Bearer sk-test")
    assert (body["model"], body["dimensions"]) == ("text-embedding-3-small", 512)


def test_each_text_gets_the_vector_of_its_index(fake):
    first, second = embed(["one", "two"])
    assert len(first) == len(second) == 512
    assert second[0] == pytest.approx(2 * first[0], rel=1e-3)


def test_texts_are_cut_to_what_the_model_reads_and_never_empty(fake, document):
    embed(["x" * 100_000, ""])
    body = fake.requests[0][2]
    check(document, "CreateEmbeddingRequest", body)
    assert [len(text) for text in body["input"]] == [8_000, 1]


def test_nothing_is_sent_for_no_texts(fake):
    assert embed([]) == []
    assert fake.requests == []


@pytest.mark.parametrize("status", [404, 408, 429, 500, 503])
def test_an_answer_other_than_vectors_is_an_outage_that_repeats_no_text(fake, status):
    fake.status = status
    with pytest.raises(RemoteUnavailable, match=f"HTTP {status}") as caught:
        embed(["a secret"])
    assert "secret" not in str(caught.value)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_refused_texts_are_no_outage_and_not_repeated_either(fake, status):
    fake.status = status
    with pytest.raises(BadInput, match=f"refuses these texts .HTTP {status}") as caught:
        embed(["a secret"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named(fake, status):
    fake.status = status
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY is refused"):
        embed(["x"])


def test_a_missing_key_is_named_with_the_way_out(fake, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")
    settings.cache_clear()
    openai.client().close() if openai.client.cache_info().currsize else None
    openai.client.cache_clear()
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY is not set, and EMBEDDINGS_PROVIDER=openai"):
        embed(["x"])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    settings.cache_clear()


def test_a_server_that_is_not_there_is_an_outage(fake, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    forget()
    with pytest.raises(RemoteUnavailable, match="APIConnectionError"):
        embed(["x"])


def test_fewer_vectors_than_texts_are_no_vectors(fake):
    fake.change = lambda answer: answer | {"data": answer["data"][:1]}
    with pytest.raises(Exception, match="1 vectors for 2 texts"):
        providers.provider().embed(["one", "two"])


VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5] * 512}


@pytest.mark.parametrize(
    "data",
    [
        None,
        "vectors",
        5,
        [None, None],
        [{}, {}],
        [VECTOR, VECTOR | {"index": 2}],
        [VECTOR, VECTOR | {"index": None}],
        [VECTOR, VECTOR | {"index": 1, "embedding": None}],
        [VECTOR, VECTOR | {"index": 1, "embedding": "AACAPw=="}],
        [VECTOR, VECTOR | {"index": 1, "embedding": [{}] * 512}],
    ],
)
def test_an_answer_of_another_form_is_an_outage_and_no_text_is_to_blame(fake, data):
    fake.change = lambda answer: answer | {"data": data}
    with pytest.raises(RemoteUnavailable, match="something other than vectors"):
        embed(["one", "two"])


def test_two_vectors_for_one_text_and_none_for_the_other_are_no_vectors(fake):
    fake.change = lambda answer: answer | {"data": [VECTOR, VECTOR]}
    with pytest.raises(Unavailable, match="1 vectors for 2 texts"):
        providers.provider().embed(["one", "two"])


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize("raw", [b"", b"<html>Sign in to the hotel's network</html>", b"{", b"[]", b"\xff"])
def test_an_answer_that_is_no_json_object_is_an_outage(fake, kind, raw):
    fake.kind, fake.raw = kind, raw
    with pytest.raises(RemoteUnavailable):
        embed(["one"])


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e39", b"0", b"1e-12"])
def test_numbers_that_make_no_vector_are_refused_for_their_text_alone(fake, number):
    fake.raw = b'{"object": "list", "data": [{"index": 0, "embedding": [%s]}]}' % b", ".join([number] * 512)
    with pytest.raises(BadInput, match="no vector of 512 finite numbers"):
        providers.provider().embed(["one"])


def test_the_provider_carries_model_and_length_in_its_name(fake):
    provider = providers.provider()
    assert (provider.model, provider.dims, provider.is_remote) == ("text-embedding-3-small/512", 512, True)
    assert len(provider.embed(["one"])[0]) == 1024


def test_model_and_dimensions_are_those_of_the_settings(fake, document, monkeypatch):
    monkeypatch.setenv("OPENAI_EMBEDDING_MODEL", "text-embedding-3-large")
    monkeypatch.setenv("OPENAI_EMBEDDING_DIMENSIONS", "1024")
    forget()
    provider = providers.provider()
    assert (provider.model, provider.dims) == ("text-embedding-3-large/1024", 1024)
    assert len(provider.embed(["one"])[0]) == 2048
    body = fake.requests[0][2]
    check(document, "CreateEmbeddingRequest", body)
    assert (body["model"], body["dimensions"]) == ("text-embedding-3-large", 1024)


def test_a_server_that_ignores_the_dimensions_is_an_outage_and_no_text_is_to_blame(fake):
    fake.change = lambda answer: answer | {"data": [item | {"embedding": [0.1] * 1536} for item in answer["data"]]}
    with pytest.raises(Unavailable, match="another length than 512"):
        providers.provider().embed(["one"])


def test_dimensions_that_the_model_refuses_are_a_setting_to_mend(fake):
    fake.status, fake.param = 400, "dimensions"
    with pytest.raises(ConfigurationError, match="refuses OPENAI_EMBEDDING_DIMENSIONS"):
        embed(["one"])


def test_how_long_to_wait_is_passed_on(fake):
    fake.status, fake.headers = 429, {"Retry-After": "17"}
    with pytest.raises(RemoteUnavailable) as caught:
        embed(["one"])
    assert caught.value.retry_after == 17


def test_vectors_of_the_model_before_are_still_made_by_it(fake):
    before = providers.named("text-embedding-3-large/256")
    assert len(before.embed(["one"])[0]) == 512
    assert fake.requests[0][2]["model"] == "text-embedding-3-large"
    assert providers.named("text-embedding-3-large/256") is before
    assert providers.named("text-embedding-3-small/512") is providers.provider()


def test_a_model_that_nothing_here_makes_is_an_outage(fake):
    with pytest.raises(Unavailable, match="not configured any more"):
        providers.named("somebody-elses/model")
