"""Pages of one search: where the last one ended, in a token that only we can have made. No I/O."""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import BadInput
from app.core.translations import _

_BODY = struct.Struct(">8sdq")
_SIGNATURE = 12


@dataclass(frozen=True)
class Place:
    """After this one the next page begins."""

    score: float
    message_id: int


def fingerprint(*parts: object) -> bytes:
    """Tells one search from another."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()


def token(place: Place, search: bytes, secret: str) -> str:
    """The place in this search, signed."""
    body = _BODY.pack(search, place.score, place.message_id)
    return base64.urlsafe_b64encode(body + _sign(body, secret)).decode()


def place_of(given: str, search: bytes, secret: str) -> Place:
    """Where this token says that the last page ended; raises BadInput for one that is not of this search."""
    try:
        raw = base64.b64decode(given.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    if len(body) != _BODY.size or not hmac.compare_digest(signature, _sign(body, secret)):
        raise BadInput(_("That page marker was not made by me, or was changed. Search again from the first page."))
    of, score, message_id = _BODY.unpack(body)
    if of != search:
        raise BadInput(_("That page marker belongs to another search. Search again from the first page."))
    return Place(score, message_id)


def after(ranked: Sequence[tuple[int, float]], place: Place | None) -> list[tuple[int, float]]:
    """What comes after this place, though messages may have come or gone since."""
    if place is None:
        return list(ranked)
    return [item for item in ranked if (item[1], item[0]) < (place.score, place.message_id)]


def _sign(body: bytes, secret: str) -> bytes:
    key = hashlib.blake2b(secret.encode(), person=b"search-pages").digest()
    return hashlib.blake2b(body, key=key, digest_size=_SIGNATURE).digest()
