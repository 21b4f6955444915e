"""From where the work at hand was ordered: the caller's address, "" for the system's own passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_address: ContextVar[str] = ContextVar("origin", default="")


@contextmanager
def ordered_from(address: str) -> Iterator[None]:
    """Let what the block does be noted as ordered from this address."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def current_address() -> str:
    """Give the address that ordered the work at hand."""
    return _address.get()
