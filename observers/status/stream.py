"""The status as a stream of server-sent events: what changed, a sign of life, and an end after some minutes.

A stream holds a thread of the web server, so there are few of them, and each gives its database connection back
between its rounds.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from threading import Lock

from django.db import connection

MOST_STREAMS = 24
MOST_OF_ONE_PERSON = 6
ROUND_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 300.0
RECONNECT_MILLISECONDS = 2000

Look = Callable[[], dict[str, str] | None]
"""Gives the sections as they are now; None where the reader may see them no longer."""


class Places:
    """How many streams this process has open, in all and for each person."""

    def __init__(self, most: int = MOST_STREAMS, of_one: int = MOST_OF_ONE_PERSON) -> None:
        self._most, self._of_one = most, of_one
        self._taken: Counter[int] = Counter()
        self._lock = Lock()

    def take(self, user_id: int) -> bool:
        """Take a place; False where there is none left."""
        with self._lock:
            if self._taken.total() >= self._most or self._taken[user_id] >= self._of_one:
                return False
            self._taken[user_id] += 1
            return True

    def leave(self, user_id: int) -> None:
        """Give a place back."""
        with self._lock:
            self._taken[user_id] -= 1
            self._taken += Counter()  # those of zero go


places = Places()


class Stream:
    """An iterator that gives its place back once, also when it is closed before it began."""

    def __init__(self, rounds: Generator[bytes], leave: Callable[[], None]) -> None:
        self._rounds, self._leave = rounds, leave
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._rounds)

    def close(self) -> None:
        """End it; the web server calls this whatever happened."""
        if self._is_open:
            self._is_open = False
            self._rounds.close()
            self._leave()


def tell_changes(
    look: Look,
    *,
    last_id: str = "",
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[bytes]:
    """Give the events: a section by its name whenever it changed, all of them where `last_id` is not how they are.

    The last one says whether to listen `again`, or that it is `over`.
    """
    yield f"retry: {RECONNECT_MILLISECONDS}\n\n".encode()
    begun = said_at = clock()
    known: dict[str, str] = {}
    while clock() - begun < LONGEST_SECONDS:
        sections = _look_and_let_go(look)
        if sections is None:
            yield b"event: over\ndata: {}\n\n"
            return
        digest = digest_sections(sections)
        if known or digest != last_id:
            changed = {name: text for name, text in sections.items() if known.get(name) != text}
        else:
            changed = {}
        known = sections
        if changed:
            said_at = clock()
            yield b"".join(write_event(name, text, digest) for name, text in changed.items())
        elif clock() - said_at >= HEARTBEAT_SECONDS:
            said_at = clock()
            yield b": still here\n\n"
        sleep(ROUND_SECONDS)
    yield b"event: again\ndata: {}\n\n"


def tell_moved() -> Generator[bytes]:
    """Give the one event for a page of another city than its reader is in now."""
    yield b"event: moved\ndata: {}\n\n"


def write_event(name: str, text: str, event_id: str) -> bytes:
    """Give one event; its data is one line of JSON, whatever lines the text has."""
    return f"id: {event_id}\nevent: {name}\ndata: {json.dumps({'html': text})}\n\n".encode()


def digest_sections(sections: dict[str, str]) -> str:
    """Give a short text that changes with any section."""
    return hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()[:24]


def _look_and_let_go(look: Look) -> dict[str, str] | None:
    try:
        return look()
    finally:
        if not connection.in_atomic_block:
            connection.close()
