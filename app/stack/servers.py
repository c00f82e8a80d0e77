"""Both embedded servers, started together."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app.stack.postgres import EmbeddedPostgres
from app.stack.server import EmbeddedServer
from app.stack.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Servers:
    """The embedded servers that run; a URL is empty where another server is used."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None

    @property
    def database_url(self) -> str:
        """The libpq URL of the embedded PostgreSQL."""
        return self.postgres.url if self.postgres else ""

    @property
    def redis_url(self) -> str:
        """The URL of the embedded Valkey."""
        return self.valkey.url if self.valkey else ""

    @property
    def running(self) -> list[EmbeddedServer]:
        """The servers, in the order in which they were started."""
        return [server for server in (self.postgres, self.valkey) if server is not None]

    def stop(self) -> None:
        """Stop them cleanly, side by side, and keep their data."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(EmbeddedServer.stop, self.running))

    def destroy(self) -> None:
        """Stop them and delete their data."""
        for server in self.running:
            server.destroy()


def start_servers(
    data_dir: Path,
    *,
    postgres: bool = True,
    valkey: bool = True,
    postgres_port: int | None = None,
    valkey_port: int | None = None,
) -> Servers:
    """Start the wanted servers below this directory, and return when they answer; none runs if one cannot."""
    servers = Servers(
        EmbeddedPostgres(data_dir, postgres_port) if postgres else None,
        EmbeddedValkey(data_dir, valkey_port) if valkey else None,
    )
    try:
        for server in servers.running:
            server.begin()
        for server in servers.running:
            server.finish()
    except BaseException:
        servers.stop()
        raise
    return servers
