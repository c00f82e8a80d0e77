"""Checks REST exchanges against Discord's official OpenAPI document.

    checker = Exchanges(load(shared_dir))
    app = create_app(recorder=checker.record)
    ...
    checker.raise_if_wrong()

Every request and every answer that the sandbox records is matched with its operation; an unknown
operation, a status that it does not declare or a body that its schema refuses is a finding.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from app.core.settings import PROJECT
from app.sandbox.box import Recorder

SHARED = PROJECT.parent / "shared"
API = "/api/v10"
# discord.py sends these, and Discord heeds them, although the document leaves them out.
UNDOCUMENTED_QUERIES = {"use_nested_fields", "delete_message_seconds"}


def load(shared_dir: Path) -> dict[str, Any]:
    """The document, with what would refuse Discord's own answers made tolerant.

    `oneOf` becomes `anyOf`: several of its alternatives overlap, so that a right body fits more
    than one of them. The codes inside form errors are words (`BASE_TYPE_MAX_LENGTH`) in Discord's
    reference and in its answers; the document calls them integers.
    """
    spec: dict[str, Any] = _tolerant(json.loads((shared_dir / "specs" / "discord-openapi.json").read_text()))
    words = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code", "message"]}
    spec["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]["items"] = words
    return spec


@cache
def _document() -> dict[str, Any]:
    return load(SHARED)


@contextmanager
def checking() -> Iterator[Recorder | None]:
    """Checks every exchange with a sandbox, and raises at the end; without the document nothing is checked."""
    if not (SHARED / "specs").is_dir():
        yield None
        return
    checker = Exchanges(_document())
    yield checker.record
    checker.raise_if_wrong()


def _tolerant(node: Any) -> Any:
    if isinstance(node, dict):
        return {("anyOf" if key == "oneOf" else key): _tolerant(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_tolerant(value) for value in node]
    return node


@dataclass
class Operation:
    """One method of one path."""

    method: str
    template: str
    pattern: re.Pattern[str]
    body: dict[str, Any]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template)) + "$")


@dataclass
class Finding:
    """One thing that does not fit."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass
class Exchanges:
    """Collects exchanges as a sandbox recorder and says what does not fit the document."""

    spec: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.operations = [
            Operation(method.upper(), template, _pattern(template), body)
            for template, methods in self.spec["paths"].items()
            for method, body in methods.items()
            if method != "parameters"
        ]
        ids = {"SnowflakeType": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}
        schemas = {**self.spec["components"]["schemas"], **ids}
        self._lenient = {**self.spec["components"], "schemas": schemas}
        # Literal paths win over those with parameters, as in any router.
        self.operations.sort(key=lambda operation: operation.template.count("{"))

    async def record(self, request: web.Request, body: bytes, response: web.StreamResponse) -> None:
        """Check one exchange; use it as the sandbox's recorder. The body of a form with files is its JSON part."""
        path = request.path.removeprefix(API)
        operation = self.find(request.method, path)
        what = f"{request.method} {path} -> {response.status}"
        if operation is None:
            if response.status != 404:
                self.findings.append(Finding(what, "no such operation in the document"))
            return
        self.seen.add((operation.method, operation.template, response.status))
        if response.status < 400:
            self._check_request(what, operation, json.loads(body) if body else None)
            self._check_query(what, operation, request.query_string)
        self._check_response(what, operation, response)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request."""
        fits = (o for o in self.operations if o.method == method and o.pattern.match(path))
        return next(fits, None)

    def _check_request(self, what: str, operation: Operation, payload: Any) -> None:
        declared = operation.body.get("requestBody", {}).get("content", {})
        schema = next((declared[kind]["schema"] for kind in declared if kind == "application/json"), None)
        if schema is None and declared:
            schema = next(iter(declared.values()))["schema"]
        if payload is None:
            return
        if schema is None:
            if payload:
                self.findings.append(Finding(what, "the document declares no request body"))
            return
        self.findings += [Finding(f"{what} request", why) for why in self.errors(schema, payload, sent=True)[:5]]

    def _check_query(self, what: str, operation: Operation, query: str) -> None:
        declared = {p["name"] for p in operation.body.get("parameters", []) if p.get("in") == "query"}
        for name, _ in parse_qsl(query):
            if name not in declared | UNDOCUMENTED_QUERIES:
                self.findings.append(Finding(what, f"query parameter {name!r} is not declared: {sorted(declared)}"))

    def _check_response(self, what: str, operation: Operation, response: web.StreamResponse) -> None:
        declared = operation.body["responses"]
        status = str(response.status)
        family = f"{status[0]}XX"
        answer = declared.get(status) or declared.get(family)
        if answer is None:
            if response.status < 500:
                self.findings.append(Finding(what, f"status {status} is not declared: {sorted(declared)}"))
            return
        answer = self._resolved(answer)
        content = answer.get("content")
        body = getattr(response, "body", None)
        if not content:
            if body:
                self.findings.append(Finding(what, "a body where the document declares none"))
            return
        if response.headers.get("Content-Type") != "application/json":
            self.findings.append(Finding(what, f"content type {response.headers.get('Content-Type')}"))
            return
        self._validate(f"{what} response", content["application/json"]["schema"], json.loads(body))

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self.spec
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def errors(self, schema: dict[str, Any], value: Any, *, sent: bool = False) -> list[str]:
        """Why the value does not fit the schema; what a client sends may write a number as text and an id as number."""
        components = self._lenient if sent else self.spec["components"]
        kind = _Lenient if sent else Draft202012Validator
        return [_deepest(error) for error in kind({**schema, "components": components}).iter_errors(value)]

    def _validate(self, what: str, schema: dict[str, Any], value: Any) -> None:
        self.findings += [Finding(what, why) for why in self.errors(schema, value)[:5]]

    def raise_if_wrong(self) -> None:
        """AssertionError that lists every finding."""
        assert not self.findings, "\n".join(str(finding) for finding in self.findings)


def _is_integer(_: Any, value: Any) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number or (isinstance(value, str) and value.lstrip("-").isdigit())


# Discord reads numbers from text, and discord.py sends permissions that way.
_Lenient = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _deepest(error: Any) -> str:
    """The most telling cause: of several alternatives the one whose `type` fits."""
    while error.context:
        wrong_kind = {e.relative_schema_path[0] for e in error.context if list(e.path)[-1:] == ["type"]}
        likely = [e for e in error.context if e.relative_schema_path[0] not in wrong_kind] or error.context
        error = max(likely, key=lambda inner: len(inner.absolute_path))
    place = "/".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message[:300]}"
