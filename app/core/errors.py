"""The exception tree.

HeorotError
├── ConfigurationError     a setting is missing or wrong
├── BadInput               what a person gave cannot be used; the message is shown to them
├── Refused                a rule forbids it; the message is shown to them
└── Unavailable            a part of the system is away
    ├── DatabaseUnavailable
    ├── QueueUnavailable
    └── RemoteUnavailable
"""


class HeorotError(Exception):
    """Something went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigurationError(HeorotError):
    """A setting is missing or wrong."""


class BadInput(HeorotError):  # noqa: N818 - it names what is wrong, and reads so at the place that raises it.
    """That input cannot be used."""


class Refused(HeorotError):  # noqa: N818 - see BadInput.
    """That is not allowed."""


class Unavailable(HeorotError):  # noqa: N818 - see BadInput.
    """A part of the system is away."""


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""


class QueueUnavailable(Unavailable):
    """The queue cannot be reached."""


class RemoteUnavailable(Unavailable):
    """A remote service cannot be reached."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        # Seconds for which the service itself asked to be left alone.
        self.retry_after = retry_after
