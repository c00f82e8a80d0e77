"""Settings, read once from the environment (and from a file `.env` beside the project)."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

import msgspec
from dotenv import dotenv_values
from msgspec.inspect import IntType, LiteralType, StrType, UnionType, type_info

from app.core.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[2]
DISCORD_API = "https://discord.com/api/v10"
# The runner notes the addresses of its servers in this file of DATA_DIR while it runs.
RUNNING = "run.env"
SANDBOX_TOKEN = "sandbox"  # noqa: S105 - the local Discord accepts this word; it opens nothing else.

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
# More vectors than that no server has.
KEEP_MAX = 1_000_000_000
Seconds = Annotated[float, msgspec.Meta(ge=0)]
ModelName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of the product; field names are the environment's names in lower case."""

    discord_token: str = ""
    discord_api_url: str = DISCORD_API
    message_content_intent: bool = True
    database_url: str = ""
    db_host: str = ""
    db_port: Port = 5432
    db_name: str = "discord_bot"
    db_user: str = "bot_user"
    db_password: str = ""
    db_ssl: bool = False
    db_max_connections: Annotated[int, msgspec.Meta(ge=1)] = 10
    db_connection_timeout: Count = 5000
    redis_url: str = ""
    redis_cache_url: str = ""
    celery_broker_url: str = ""
    openai_api_key: str = ""
    openai_base_url: str = ""
    embeddings_provider: Literal["local", "openai"] = "local"
    openai_embedding_model: ModelName = "text-embedding-3-small"
    # The model's vectors may be cut; a third of their length loses little and fits a table's page.
    openai_embedding_dimensions: Annotated[int, msgspec.Meta(ge=1, le=4000)] = 512
    openai_requests_per_minute: Count = 3000
    openai_tokens_per_minute: Count = 1_000_000
    vector_store: Literal["pgvector", "openai"] = "pgvector"
    chat_vector_max: Annotated[int, msgspec.Meta(ge=0, le=KEEP_MAX)] | None = None
    health_check_host: str = "127.0.0.1"
    health_check_port: Port = 3000
    flower_port: Port = 5555
    flower_basic_auth: str = ""
    sandbox_port: Port = 8000
    data_dir: str = ".heorot"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    retention_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    spool_max_mb: Annotated[int, msgspec.Meta(ge=1)] = 512
    ingest_flush_ms: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    ingest_batch_size: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 500
    ingest_buffer_max: Annotated[int, msgspec.Meta(ge=500)] = 20_000

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return (PROJECT / self.data_dir).resolve()

    @property
    def is_sandboxed(self) -> bool:
        """Whether the bot talks to the local Discord instead of the real one."""
        return urlsplit(self.discord_api_url).hostname in {"127.0.0.1", "localhost", "::1"}

    @property
    def cache_url(self) -> str:
        """The Redis that holds what may be lost."""
        return self.redis_cache_url or self.redis_url

    @property
    def broker_url(self) -> str:
        """The Redis that carries Celery's messages."""
        return self.celery_broker_url or self.redis_url

    @property
    def vector_limit(self) -> int:
        """How many newest chat vectors a guild keeps (0 keeps all)."""
        if self.chat_vector_max is not None:
            return self.chat_vector_max
        return 2000 if self.vector_store == "openai" else 0


def _database_url(values: Mapping[str, str]) -> str:
    """The libpq URL that the `DB_*` settings describe."""
    user, password = quote(values.get("db_user", "bot_user"), safe=""), quote(values.get("db_password", ""), safe="")
    host, port = values["db_host"], values.get("db_port", "5432")
    tls = "?sslmode=require" if values.get("db_ssl", "").lower() in {"1", "true"} else ""
    return f"postgresql://{user}:{password}@{host}:{port}/{values.get('db_name', 'discord_bot')}{tls}"


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from these variables; empty ones count as unset.

    Raises ConfigurationError naming the variable and what it allows.
    """
    known = {name.lower(): value.strip() for name, value in environ.items() if value.strip()}
    values: dict[str, str] = {name: known[name] for name in Settings.__struct_fields__ if name in known}
    if not values.get("database_url") and values.get("db_host"):
        values["database_url"] = _database_url(values)
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).partition(" - at `$.")[2].rstrip("`")
        raise ConfigurationError(f"{name.upper()} is “{values[name]}”; allowed: {_allowed(name)}.") from None


def _allowed(name: str) -> str:
    """What a setting that is no plain text may be."""
    kind = {field.name: field.type for field in type_info(Settings).fields}[name]  # type: ignore[attr-defined]
    if isinstance(kind, UnionType):
        kind = kind.types[0]
    if isinstance(kind, LiteralType):
        return ", ".join(map(str, kind.values))
    if isinstance(kind, StrType):
        return "a name of at most 100 letters, digits and . _ : -"
    if isinstance(kind, IntType):
        return f"a whole number from {kind.ge}" + (f" to {kind.le}" if kind.le else "")
    return "true, false"


@cache
def settings() -> Settings:
    """The settings of this process: what the operator chose, and below it the addresses of what runs in DATA_DIR."""
    return load({**_file(chosen().data_path / RUNNING), **_file(PROJECT / ".env"), **os.environ})


def chosen() -> Settings:
    """What the operator chose: the environment, and below it the file `.env`."""
    return load({**_file(PROJECT / ".env"), **os.environ})


def _file(path: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
