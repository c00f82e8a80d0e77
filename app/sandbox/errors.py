"""What the sandbox refuses.

HeorotError
└── SandboxError
    ├── DiscordError   an answer of the REST API, with Discord's own codes
    └── BadInput       a request to the control API that cannot be carried out
"""

from app.core.errors import HeorotError
from app.sandbox.constants import Json

_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Invite": 10006,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "Ban": 10026,
    "Interaction": 10062,
    "application command": 10063,
    "Voice State": 10065,
}


class SandboxError(HeorotError):
    """The sandbox refused a request."""


class DiscordError(SandboxError):
    """An error answer in Discord's own form."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.errors = errors

    @property
    def body(self) -> Json:
        """The JSON body that Discord would send."""
        body: Json = {"message": str(self), "code": self.code}
        return body if self.errors is None else {**body, "errors": self.errors}


class BadInput(SandboxError):  # noqa: N818 - it names what the caller gave, which is what the answer says.
    """The control API was asked for something that cannot be; the text says what is allowed."""


def unknown(thing: str) -> DiscordError:
    """404 for a thing that does not exist, with the code of its kind."""
    return DiscordError(404, _UNKNOWN[thing], f"Unknown {thing}")


def unauthorized() -> DiscordError:
    """401: the token opens nothing."""
    return DiscordError(401, 0, "401: Unauthorized")


def missing_access() -> DiscordError:
    """403: the thing cannot even be seen."""
    return DiscordError(403, 50001, "Missing Access")


def missing_permissions() -> DiscordError:
    """403: seen, but not allowed."""
    return DiscordError(403, 50013, "Missing Permissions")


def empty_message() -> DiscordError:
    """400: a message needs text, an embed, a file or components."""
    return DiscordError(400, 50006, "Cannot send an empty message")


def invalid_json() -> DiscordError:
    """400: the body is no JSON."""
    return DiscordError(400, 50109, "The request body contains invalid JSON.")


def invalid_form(path: str, code: str, message: str) -> DiscordError:
    """400 with the error nested under the dotted path of the field that is wrong."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return DiscordError(400, 50035, "Invalid Form Body", errors)
