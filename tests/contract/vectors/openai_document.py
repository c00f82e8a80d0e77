"""Checks exchanges with a vector store against OpenAI's own document.

Every request and every answer, of success or of failure, must be what the document describes for its path.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from app.core.settings import PROJECT
from tests.factories.openai_server import Exchange

SHARED = PROJECT.parent / "shared"
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
_OK = 200


def load(shared_dir: Path) -> dict[str, Any]:
    """The document, as JSON Schema understands it."""
    return _readable(json.loads((shared_dir / "specs" / "openai-openapi.json").read_text()))


def _readable(node: Any) -> Any:
    """The document as JSON Schema has it: a filter within a filter refers to its kind by name, and where several
    alternatives fit one value, one of them is enough."""
    if isinstance(node, dict):
        if "$recursiveRef" in node:
            return {"$ref": "#/components/schemas/CompoundFilter"}
        return {("anyOf" if key == "oneOf" else key): _readable(value) for key, value in node.items()}
    return [_readable(one) for one in node] if isinstance(node, list) else node


@cache
def here() -> dict[str, Any] | None:
    """The document, where it is on this machine."""
    return load(SHARED) if (SHARED / "specs").is_dir() else None


def check(document: dict[str, Any], name: str, value: Any) -> None:
    """Raises ValidationError unless the value is what the document calls so."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def check_exchanges(document: dict[str, Any], exchanges: Iterable[Exchange]) -> None:
    """Raises ValidationError at the first request or answer that is not as the document says."""
    for one in exchanges:
        asked, answered = SHAPES[one.method, template(one.path)]
        if asked is not None:
            check(document, asked, _as_sent(one.sent))
        check(document, answered if one.status == _OK else "ErrorResponse", one.answer)


def template(path: str) -> str:
    """The path with its ids left out."""
    return "/".join(
        "{}" if any(part.startswith(kind) for kind in ("file-", "vs_", "vsfb_")) else part for part in path.split("/")
    )


def _as_sent(body: Any) -> Any:
    """The fields of a form as the document describes them."""
    if "file" not in body:
        return body
    expiry = {"anchor": body["expires_after[anchor]"], "seconds": int(body["expires_after[seconds]"])}
    return {"file": body["file"].decode(), "purpose": body["purpose"], "expires_after": expiry}
