"""OpenAI, or a server that speaks its protocol (OPENAI_BASE_URL): embeddings.

Texts go there only for guilds whose admins agreed; the callers see to that.
"""

from collections.abc import Sequence
from functools import cache

import openai

from app.core.errors import BadInput, ConfigurationError, RemoteUnavailable
from app.core.settings import settings

EMBEDDING_MODEL = "text-embedding-3-small"
# The model's vectors may be cut; a third of their length loses little and fits a table's page.
EMBEDDING_DIMENSIONS = 512
# The name that vectors of this model and length carry.
EMBEDDING_NAME = f"{EMBEDDING_MODEL}/{EMBEDDING_DIMENSIONS}"
_TIMEOUT_SECONDS = 20.0
# The model reads 8,191 tokens; a longer text would make the whole request fail.
_CHARACTERS_MAX = 8_000


@cache
def _client() -> openai.OpenAI:
    if not settings().openai_api_key:
        raise ConfigurationError("OPENAI_API_KEY is not set, and EMBEDDINGS_PROVIDER=openai needs it; or use local.")
    return openai.OpenAI(
        api_key=settings().openai_api_key,
        base_url=settings().openai_base_url or None,
        timeout=_TIMEOUT_SECONDS,
        # Whoever calls decides when to try again: see the breaker of the embeddings provider.
        max_retries=0,
    )


def embed(texts: Sequence[str]) -> list[list[float]]:
    """A vector for each text, in order. Blocks.

    Raises RemoteUnavailable, ConfigurationError for a wrong key, and BadInput for texts that it refuses.
    """
    if not texts:
        return []
    try:
        answer = _client().embeddings.create(
            model=EMBEDDING_MODEL,
            input=[text[:_CHARACTERS_MAX] or " " for text in texts],
            dimensions=EMBEDDING_DIMENSIONS,
            encoding_format="float",
        )
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise ConfigurationError(f"OPENAI_API_KEY is refused (HTTP {error.status_code}).") from None
    except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
        raise BadInput(f"the embeddings endpoint refuses these texts (HTTP {error.status_code})") from None
    except openai.APIStatusError as error:
        raise RemoteUnavailable(f"the embeddings endpoint answers with HTTP {error.status_code}") from None
    except openai.APIError as error:
        # Its message may repeat the request, so only its kind is told.
        raise RemoteUnavailable(f"the embeddings endpoint cannot be used: {type(error).__name__}") from None
    return [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
