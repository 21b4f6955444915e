"""How much one person may ask at once, so that nobody else waits: a bucket of turns that fills by time."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from drf_spectacular.utils import OpenApiResponse

MOST_PEOPLE = 10_000
FLOOD = OpenApiResponse(description="Too much at once of one person; Retry-After says when to come again.")


@dataclass
class Buckets:
    """A bucket for each person, in this process alone: nothing is asked over the network to refuse a flood.

    `burst` turns at once, then `rate` a second. What takes many turns is given where one is left, and all of them are
    paid before the next. Those who were not seen for long are forgotten first.
    """

    burst: float
    rate: float
    _left: OrderedDict[int, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, person: int, now: float, turns: int = 1) -> float:
        """Take turns; give the seconds to wait for one, 0 where they were given."""
        with self._lock:
            left, seen = self._left.pop(person, (self.burst, now))
            left = min(self.burst, left + (now - seen) * self.rate)
            is_given = left >= 1
            self._left[person] = (left - turns * is_given, now)
            if len(self._left) > MOST_PEOPLE:
                self._left.popitem(last=False)
        return 0 if is_given else (1 - left) / self.rate

    def forget(self) -> None:
        """Give everybody a full bucket."""
        with self._lock:
            self._left.clear()
