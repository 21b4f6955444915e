"""How much footage one person may ask for at once, so that nobody else waits."""

import time
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cities.permissions import access_of
from cities.throttling import Buckets


@dataclass
class Places:
    """So many answers at a time for each person, in this process: a slow line keeps a thread busy while it lasts."""

    most: int
    _taken: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, person: int) -> bool:
        """Take a place, to be given back; False where there is none."""
        with self._lock:
            taken = self._taken.get(person, 0)
            if taken >= self.most:
                return False
            self._taken[person] = taken + 1
        return True

    def give_back(self, person: int) -> None:
        """Give a place back."""
        with self._lock:
            left = self._taken.pop(person, 1) - 1
            if left > 0:
                self._taken[person] = left


QUESTIONS = Buckets(burst=60, rate=20)
"""Timelines and playlists: nine cameras that follow a hand twice a second."""

ANSWERS = Places(most=6)
"""Parts of files on their way, where no web server sends them for us: each holds one of the threads of web
(`WEB_THREADS` in vms/launcher/plan.py). A browser opens no more than six lines to one address."""


class FootageThrottle(BaseThrottle):
    """Refuses with 429 what is beyond the person's bucket."""

    _wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002 -- DRF's signature
        self._wait = QUESTIONS.take(access_of(request).user.pk, time.monotonic())
        return not self._wait

    def wait(self) -> float:
        """Give whole seconds, one or more: a Retry-After of 0 is no advice."""
        return ceil(self._wait)
