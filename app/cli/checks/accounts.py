"""The doctor's look at what others give us: the Discord application, and the embedding model."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from app.cli.checks.finding import Finding, fault, note, ok
from app.clients import minilm, minilm_build
from app.core.errors import HeorotError
from app.core.quiet import describe
from app.core.settings import SANDBOX_TOKEN, chosen, settings

_SECONDS = 10.0
_UNAUTHORIZED = 401
_PORTAL = "in Discord's developer portal, Bot"
# An application has the first flag of a pair when it is verified, the second while it is small.
_MEMBERS = 1 << 14 | 1 << 15
_CONTENT = 1 << 18 | 1 << 19


def discord() -> Iterator[Finding]:
    """Whether the token works, and which privileged intents are switched on."""
    if not chosen().discord_token or settings().is_sandboxed:
        yield note("discord", "the sandbox is used, as DISCORD_TOKEN is not set", "Set it to reach Discord itself.")
        return
    try:
        about = _application()
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
        if status == _UNAUTHORIZED:
            yield fault("discord", "DISCORD_TOKEN is not valid", f"Click Reset Token {_PORTAL}, and set the new one.")
        else:
            yield fault("discord", f"Discord answers {status}", "See discordstatus.com, and try again.")
        return
    except OSError as error:
        reason = getattr(error, "reason", error)
        yield fault("discord", f"cannot be reached: {reason}", "See the network, and DISCORD_API_URL.")
        return
    yield ok("discord", "the token is valid")
    yield from _intents(int(about.get("flags", 0)))


def _intents(flags: int) -> Iterator[Finding]:
    if flags & _MEMBERS:
        yield ok("intents", "Server Members Intent is on")
    else:
        yield fault("intents", "Server Members Intent is off", f"Switch it on {_PORTAL}, Privileged Gateway Intents.")
    if flags & _CONTENT:
        yield ok("intents", "Message Content Intent is on")
    elif settings().message_content_intent:
        mend = f"Switch it on {_PORTAL}, or set MESSAGE_CONTENT_INTENT=false."
        yield fault("intents", "Message Content Intent is off", mend)
    else:
        yield ok("intents", "Message Content Intent is off, as MESSAGE_CONTENT_INTENT says")


def _application() -> dict[str, Any]:
    request = urllib.request.Request(f"{settings().discord_api_url}/applications/@me")  # noqa: S310 - the operator's URL.
    request.add_header("Authorization", f"Bot {settings().discord_token or SANDBOX_TOKEN}")
    request.add_header("User-Agent", "DiscordBot (https://github.com/heorot, 1)")
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - see above.
        found: dict[str, Any] = json.loads(answer.read())
        return found


def model() -> Iterator[Finding]:
    """Whether the local model's files are the published ones, or a key for the other provider is set."""
    if settings().embeddings_provider == "openai":
        if settings().openai_api_key:
            yield ok("embeddings", "openai, with a key")
        else:
            yield fault(
                "embeddings", "EMBEDDINGS_PROVIDER is openai without a key", "Set OPENAI_API_KEY, or use local."
            )
        return
    try:
        minilm_build.packaged("model.safetensors", minilm_build.WEIGHTS_SHA256)
        minilm_build.packaged("tokenizer.json", minilm_build.TOKENIZER_SHA256)
    except (HeorotError, OSError) as error:
        yield fault("embeddings", describe(error), "Run `make setup`.")
        return
    yield ok("embeddings", f"{minilm.MODEL}, its files are the published ones")
