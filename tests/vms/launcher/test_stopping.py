"""Which signals count as being asked to stop, and which as insisting."""

import signal

import pytest

from vms.launcher.errors import StopRequested
from vms.launcher.stopping import StopRequests


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("first", "second", "seconds_later", "insisted"),
    [
        (signal.SIGINT, signal.SIGINT, 1.1, True),
        (signal.SIGTERM, signal.SIGINT, 1.1, True),
        (signal.SIGINT, signal.SIGINT, 0.2, False),
        (signal.SIGTERM, signal.SIGTERM, 5.0, False),
        (signal.SIGINT, signal.SIGHUP, 5.0, False),
    ],
)
def test_a_second_interrupt_insists_unless_it_is_the_same_one(
    first: int, second: int, seconds_later: float, *, insisted: bool
) -> None:
    clock = Clock()
    requests = StopRequests(clock)
    requests.note(first)
    clock.now += seconds_later
    requests.note(second)
    assert (requests.asked, requests.insisted) == (True, insisted)


def test_waits_end_once_asked() -> None:
    requests = StopRequests()
    requests.raise_if_asked()
    requests.note(signal.SIGHUP)
    with pytest.raises(StopRequested):
        requests.raise_if_asked()
