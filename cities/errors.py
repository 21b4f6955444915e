"""The errors that our verbs raise when they refuse; each door translates them for its own callers."""


class VMSError(Exception):
    """Something was refused; `message` names the cause and the remedy, `field` the input that is wrong, if one is."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidInput(VMSError):
    """What was given cannot be right."""


class NotAllowed(VMSError):
    """The caller's role does not allow it."""


class NotThere(VMSError):
    """It does not exist, or not for this caller: the two are never told apart."""


class Conflict(VMSError):
    """It contradicts what exists already."""
