"""How a value lies in a cache: as bytes under a key that names its guild, so that every reader decodes its own copy."""

import hashlib
import re

import msgspec

PREFIX = "cache"
VERSION_PREFIX = "cache-version"
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHECK_BYTES = 8

# What tells one value of a guild from another; texts may be of any length and hold anything.
Part = int | str


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """A value with the versions of its tags from before it was loaded; no payload means that nothing is there."""

    check: bytes
    versions: tuple[bytes, ...]
    payload: bytes | None


_decoder = msgspec.msgpack.Decoder(Stored)
_encoder = msgspec.msgpack.Encoder()


def key(namespace: str, guild_id: int, parts: tuple[Part, ...]) -> str:
    """The key of one value; no two lists of parts share one, and none grows longer than its number of parts allows."""
    return ":".join((PREFIX, namespace, str(guild_id), *map(_word, parts)))


def _word(part: Part) -> str:
    if isinstance(part, int):
        return str(int(part))
    if _PLAIN.fullmatch(part) and not part.lstrip("-").isdigit():
        return part
    return "~" + hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def lock_key(value_key: str) -> str:
    """Who is loading the value of this key."""
    return f"cache-lock{value_key.removeprefix(PREFIX)}"


def index_key(namespace: str) -> str:
    """The sorted set of a namespace's keys by the time at which each value was stored."""
    return f"cache-index:{namespace}"


def version_key(guild_id: int, tag: str) -> str:
    """Where the present version of a tag of this guild stands."""
    return f"{VERSION_PREFIX}:{guild_id}:{_word(tag) if tag != '*' else tag}"


def namespace_of(value_key: str) -> str:
    """The namespace of a key."""
    return value_key.split(":", 2)[1]


def seal(value_key: str, versions: tuple[bytes, ...], payload: bytes | None) -> bytes:
    """The entry as Redis keeps it."""
    return _encoder.encode(Stored(_check(value_key, versions, payload), versions, payload))


def unseal(value_key: str, raw: bytes) -> Stored | None:
    """The entry, or None when it was cut, changed, or belongs to another key."""
    try:
        found = _decoder.decode(raw)
    except msgspec.DecodeError:
        return None
    return found if found.check == _check(value_key, found.versions, found.payload) else None


def _check(value_key: str, versions: tuple[bytes, ...], payload: bytes | None) -> bytes:
    digest = hashlib.blake2b(value_key.encode(), digest_size=_CHECK_BYTES)
    for part in versions:
        digest.update(len(part).to_bytes(4, "big") + part)
    digest.update(b"-" if payload is None else b"+" + payload)
    return digest.digest()
