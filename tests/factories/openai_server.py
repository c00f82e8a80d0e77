"""A server that speaks OpenAI's protocol on loopback: embeddings, files, vector stores. The real library connects to it.

`exchanges` holds every request with its answer, to be compared with the official document. `fault` makes requests
fail: before they are done, or after, as when the answer is lost.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Exchange:
    method: str
    path: str
    status: int
    sent: Any
    answer: Any
    query: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    method: str
    path: str
    status: int
    headers: dict[str, str]
    is_after: bool
    count: int


def vector_of(text: str, size: int) -> list[float]:
    """A vector that depends on nothing but the words of a text."""
    sums = [0.001] * size
    for word in re.findall(r"\w+", text.lower()):
        sums[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % size] += 1
    return sums


class OpenAIServer(ThreadingHTTPServer):
    """The account and its server; `with` starts and stops it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exchanges: list[Exchange] = []
        self.faults: list[Fault] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.stores: dict[str, dict[str, Any]] = {}
        # By store: by file, its entry.
        self.entries: dict[str, dict[str, dict[str, Any]]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        # What a file that was put into a store becomes.
        self.outcome = "completed"
        # Called with method and path when a request is done and before it is answered.
        self.on_done: Callable[[str, str], object] | None = None
        self.guard = threading.RLock()
        self._numbers = 0
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def fault(self, method, path, status, *, is_after=False, count=1, **headers) -> None:
        """The next requests of this method whose path has this in it fail so, before or after they are done."""
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.faults.append(Fault(method, path, status, named, is_after, count))

    def asked(self, method, path) -> list[Exchange]:
        """The requests of this method whose path has this in it."""
        return [one for one in self.exchanges if one.method == method and path in one.path]

    def text(self) -> str:
        """Everything that lies here."""
        return "\n".join(content.decode() for content in self.contents.values())

    def number(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}{self._numbers:06d}"

    def store_shape(self, store_id: str) -> dict[str, Any]:
        states = [entry["status"] for entry in self.entries[store_id].values()]
        names = ("in_progress", "completed", "failed", "cancelled")
        counts = {name: states.count(name) for name in names} | {"total": len(states)}
        return {**self.stores[store_id], "file_counts": counts}

    def batch_shape(self, batch: dict[str, Any]) -> dict[str, Any]:
        entries = self.entries[batch["store"]]
        states = [entries[file]["status"] for file in batch["files"] if file in entries]
        names = ("in_progress", "completed", "failed", "cancelled")
        return {
            "id": batch["id"],
            "object": "vector_store.files_batch",
            "created_at": batch["created_at"],
            "vector_store_id": batch["store"],
            "status": "in_progress" if "in_progress" in states else "completed",
            "file_counts": {name: states.count(name) for name in names} | {"total": len(batch["files"])},
        }


NOT_FOUND = (404, {"error": {"message": "not found", "type": "invalid_request_error", "param": None, "code": None}})


def refused(message, param=None):
    return 400, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}}


def page(items, query, key="id"):
    """One page of a list, as the query asks for it."""
    ordered = sorted(items, key=lambda item: item[key], reverse=query.get("order", "desc") == "desc")
    ids = [item[key] for item in ordered]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    limit = int(query.get("limit", 20))
    part = ordered[start : start + limit]
    first, last = (part[0][key], part[-1][key]) if part else ("", "")
    return 200, {
        "object": "list",
        "data": part,
        "first_id": first,
        "last_id": last,
        "has_more": start + limit < len(ordered),
    }


def embeddings(server, body, **_):
    size = body.get("dimensions", 1536)
    data = [
        {"object": "embedding", "index": index, "embedding": vector_of(text, size)}
        for index, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    return 200, {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}


def create_file(server, body, **_):
    file_id = server.number("file-")
    seconds = int(body.get("expires_after[seconds]", 0))
    made = {
        "id": file_id,
        "object": "file",
        "bytes": len(body["file"]),
        "created_at": int(time.time()),
        "filename": body["filename"],
        "purpose": body["purpose"],
        "status": "processed",
    }
    server.files[file_id] = made | ({"expires_at": made["created_at"] + seconds} if seconds else {})
    server.contents[file_id] = body["file"]
    return 200, server.files[file_id]


def list_files(server, query, **_):
    return page([file for file in server.files.values() if file["purpose"] == query.get("purpose")], query)


def delete_file(server, ids, **_):
    if server.files.pop(ids[0], None) is None:
        return NOT_FOUND
    del server.contents[ids[0]]
    for entries in server.entries.values():
        entries.pop(ids[0], None)
    return 200, {"id": ids[0], "object": "file", "deleted": True}


def create_store(server, body, **_):
    store_id, now = server.number("vs_"), int(time.time())
    expiry = body.get("expires_after")
    server.entries[store_id] = {}
    server.stores[store_id] = {
        "id": store_id,
        "object": "vector_store",
        "created_at": now,
        "name": body.get("name", ""),
        "usage_bytes": 0,
        "status": "completed",
        "last_active_at": now,
        "metadata": body.get("metadata"),
    } | ({"expires_after": expiry, "expires_at": now + expiry["days"] * 86_400} if expiry else {})
    return 200, server.store_shape(store_id)


def list_stores(server, query, **_):
    return page([server.store_shape(store_id) for store_id in server.stores], query)


def get_store(server, ids, **_):
    return (200, server.store_shape(ids[0])) if ids[0] in server.stores else NOT_FOUND


def delete_store(server, ids, **_):
    if server.stores.pop(ids[0], None) is None:
        return NOT_FOUND
    del server.entries[ids[0]]
    return 200, {"id": ids[0], "object": "vector_store.deleted", "deleted": True}


def create_batch(server, ids, body, **_):
    if ids[0] not in server.stores:
        return NOT_FOUND
    unknown = [one["file_id"] for one in body["files"] if one["file_id"] not in server.files]
    if unknown:
        return refused("no such file", "file_id")
    now = int(time.time())
    for one in body["files"]:
        server.entries[ids[0]].setdefault(
            one["file_id"],
            {
                "id": one["file_id"],
                "object": "vector_store.file",
                "usage_bytes": server.files[one["file_id"]]["bytes"],
                "created_at": now,
                "vector_store_id": ids[0],
                "status": server.outcome,
                "last_error": None
                if server.outcome != "failed"
                else {"code": "unsupported_file", "message": "cannot be read"},
                "attributes": one.get("attributes"),
            },
        )
    batch = {
        "id": server.number("vsfb_"),
        "store": ids[0],
        "files": [one["file_id"] for one in body["files"]],
        "created_at": now,
    }
    server.batches[batch["id"]] = batch
    return 200, server.batch_shape(batch)


def list_batch(server, ids, query, **_):
    batch = server.batches.get(ids[1])
    if batch is None or ids[0] not in server.stores:
        return NOT_FOUND
    entries = server.entries[ids[0]]
    return page([entries[file] for file in batch["files"] if file in entries], query)


def list_entries(server, ids, query, **_):
    return page(list(server.entries[ids[0]].values()), query) if ids[0] in server.stores else NOT_FOUND


def delete_entry(server, ids, **_):
    if ids[0] not in server.stores or server.entries[ids[0]].pop(ids[1], None) is None:
        return NOT_FOUND
    return 200, {"id": ids[1], "object": "vector_store.file.deleted", "deleted": True}


def fits(attributes, wanted) -> bool:
    """Whether a file's attributes pass a filter."""
    if wanted["type"] in {"and", "or"}:
        checked = [fits(attributes, one) for one in wanted["filters"]]
        return all(checked) if wanted["type"] == "and" else any(checked)
    value, other = attributes.get(wanted["key"]), wanted["value"]
    return {
        "eq": lambda: value == other,
        "in": lambda: value in other,
        "gte": lambda: value is not None and value >= other,
        "lte": lambda: value is not None and value <= other,
    }[wanted["type"]]()


def search(server, ids, body, **_):
    if ids[0] not in server.stores:
        return NOT_FOUND
    words = set(re.findall(r"\w+", body["query"].lower()))
    found = []
    for file_id, entry in server.entries[ids[0]].items():
        text = server.contents[file_id].decode()
        shared = words & set(re.findall(r"\w+", text.lower()))
        if shared and entry["status"] == "completed" and fits(entry["attributes"] or {}, body["filters"]):
            found.append(
                {
                    "file_id": file_id,
                    "filename": server.files[file_id]["filename"],
                    "score": len(shared) / len(words),
                    "attributes": entry["attributes"],
                    "content": [{"type": "text", "text": text}],
                }
            )
    found.sort(key=lambda item: -item["score"])
    most = body.get("max_num_results", 10)
    return 200, {
        "object": "vector_store.search_results.page",
        "search_query": [body["query"]],
        "data": found[:most],
        "has_more": len(found) > most,
        "next_page": None,
    }


ROUTES = [
    ("POST", r"/embeddings", embeddings),
    ("POST", r"/files", create_file),
    ("GET", r"/files", list_files),
    ("DELETE", r"/files/([^/]+)", delete_file),
    ("POST", r"/vector_stores", create_store),
    ("GET", r"/vector_stores", list_stores),
    ("GET", r"/vector_stores/([^/]+)", get_store),
    ("DELETE", r"/vector_stores/([^/]+)", delete_store),
    ("POST", r"/vector_stores/([^/]+)/file_batches", create_batch),
    ("GET", r"/vector_stores/([^/]+)/file_batches/([^/]+)/files", list_batch),
    ("GET", r"/vector_stores/([^/]+)/files", list_entries),
    ("DELETE", r"/vector_stores/([^/]+)/files/([^/]+)", delete_entry),
    ("POST", r"/vector_stores/([^/]+)/search", search),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        server, parts = self.server, urlsplit(self.path)
        path = parts.path.removeprefix("/v1")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self._body()
        with server.guard:
            fault = next((f for f in server.faults if f.method == self.command and f.path in path), None)
            if fault is not None:
                fault.count -= 1
                if not fault.count:
                    server.faults.remove(fault)
            status, answer = (0, None) if fault and not fault.is_after else self._routed(path, query, body)
            if fault is not None:
                status, answer = fault.status, refused("not now")[1]
            server.exchanges.append(Exchange(self.command, path, status, body, answer, query))
        if server.on_done is not None:
            server.on_done(self.command, path)
        self._send(status, answer, fault.headers if fault else {})

    def _routed(self, path, query, body):
        for method, pattern, handle in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                return handle(self.server, ids=found.groups(), query=query, body=body)
        return NOT_FOUND

    def _body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/"):
            return json.loads(data) if data else None
        form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + data)
        fields = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            fields[name] = content if name == "file" else content.decode()
            if name == "file":
                fields["filename"] = part.get_filename()
        return fields

    def _send(self, status, answer, headers):
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(content), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names.

    def log_message(self, *_):
        """Nothing: tests read what was asked from `exchanges`."""
