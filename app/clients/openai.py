"""OpenAI, or a server that speaks its protocol (OPENAI_BASE_URL): the connection, and embeddings.

Texts go there only for guilds whose admins agreed; the callers see to that.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import cache

import openai

from app.core import clock
from app.core.errors import BadInput, ConfigurationError, RemoteUnavailable
from app.core.settings import settings

_TIMEOUT_SECONDS = 20.0
# The model reads 8,191 tokens; a longer text would make the whole request fail.
_CHARACTERS_MAX = 8_000
# What a refusal may name that no text is to blame for.
_SETTINGS = {"model": "OPENAI_EMBEDDING_MODEL", "dimensions": "OPENAI_EMBEDDING_DIMENSIONS"}


@cache
def client() -> openai.OpenAI:
    """This process's connection."""
    if not settings().openai_api_key:
        raise ConfigurationError(
            "OPENAI_API_KEY is not set, and EMBEDDINGS_PROVIDER=openai or VECTOR_STORE=openai needs it; or use"
            " local and pgvector."
        )
    return openai.OpenAI(
        api_key=settings().openai_api_key,
        base_url=settings().openai_base_url or None,
        timeout=_TIMEOUT_SECONDS,
        # Whoever calls decides when to try again: see the breaker of the embeddings provider.
        max_retries=0,
    )


@contextmanager
def asking(what: str, these: str) -> Iterator[None]:
    """Turn the library's errors into ours; their messages may repeat the request, so only their kind is told."""
    try:
        yield
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise ConfigurationError(f"OPENAI_API_KEY is refused (HTTP {error.status_code}).") from None
    except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
        if error.param in _SETTINGS:
            raise ConfigurationError(f"{what} refuses {_SETTINGS[error.param]} (HTTP {error.status_code}).") from None
        raise BadInput(f"{what} refuses {these} (HTTP {error.status_code})") from None
    except openai.APIStatusError as error:
        wait = retry_after(error.response.headers)
        raise RemoteUnavailable(f"{what} answers with HTTP {error.status_code}", wait) from None
    except openai.APIError as error:
        raise RemoteUnavailable(f"{what} cannot be used: {type(error).__name__}") from None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to be waited for; None when it says nothing that can be read."""
    exact, told = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if exact.isdecimal():
        return int(exact) / 1000
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None


def vector_name(model: str, dimensions: int) -> str:
    """The name that vectors of this model and length carry."""
    return f"{model}/{dimensions}"


def embed(texts: Sequence[str], model: str, dimensions: int) -> list[list[float]]:
    """A vector of so many numbers for each text, in order. Blocks.

    Raises RemoteUnavailable, ConfigurationError for a wrong key, and BadInput for texts that it refuses.
    """
    if not texts:
        return []
    with asking("the embeddings endpoint", "these texts"):
        try:
            answer = client().embeddings.create(
                model=model,
                input=[text[:_CHARACTERS_MAX] or " " for text in texts],
                dimensions=dimensions,
                encoding_format="float",
            )
            # The library checks nothing of what a server sends: whatever is no list of vectors fails here.
            found = {item.index: [float(number) for number in item.embedding] for item in answer.data}
            # Of another number than asked for the caller tells more.
            return [found[place] for place in (range(len(found)) if len(found) == len(texts) else sorted(found))]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise RemoteUnavailable("the embeddings endpoint answers with something other than vectors") from None
