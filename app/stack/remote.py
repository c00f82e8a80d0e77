"""Servers that are not ours: which connections are safe to make."""

from urllib.parse import parse_qs, urlsplit

from app.core.errors import ConfigurationError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_ENCRYPTED = {"require", "verify-ca", "verify-full"}


def require_safe_database(url: str) -> None:
    """Raise ConfigurationError unless the URL stays on this machine, or asks for TLS and holds a password."""
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    host = options.get("host", [parts.hostname or ""])[0]
    if not host or host.startswith("/") or host in _LOOPBACK:
        return
    if options.get("sslmode", [""])[0] not in _ENCRYPTED:
        raise ConfigurationError(f"DATABASE_URL: the connection to {host} must be encrypted: add ?sslmode=require.")
    if not (parts.password or "password" in options or "passfile" in options):
        raise ConfigurationError(f"DATABASE_URL: the connection to {host} needs a password.")


def require_safe_redis(variable: str, url: str) -> None:
    """Raise ConfigurationError unless the URL stays on this machine, or uses TLS and holds a password."""
    parts = urlsplit(url)
    if parts.scheme == "unix" or (parts.hostname or "") in _LOOPBACK:
        return
    if parts.scheme != "rediss":
        raise ConfigurationError(f"{variable}: the connection to {parts.hostname} must be encrypted: write rediss://.")
    if not parts.password:
        raise ConfigurationError(f"{variable}: the connection to {parts.hostname} needs a password.")
