"""Looks up all hosts of a table at once, within one time for all; nothing waits for a name server after that."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator

from ffmpeg.checking import Lookup, lookup_host
from ffmpeg.networks import Address

SECONDS = 6.0
_AT_ONCE = 32

_Waiting = queue.SimpleQueue[str]
_Answers = queue.SimpleQueue[tuple[str, list[Address]]]


def look_up_hosts(hosts: Iterable[str], lookup: Lookup = lookup_host, *, seconds: float = SECONDS) -> Lookup:
    """Ask for all of these, and give what answers from what was found and asks nobody any more.

    It raises OSError for a host that has no address or was not answered in time. A question that nobody answers leaves
    a thread that waits for as long as the system does.
    """
    distinct, waiting, answers = set(hosts), _Waiting(), _Answers()
    for host in distinct:
        waiting.put(host)
    for _ in range(min(_AT_ONCE, len(distinct))):
        threading.Thread(target=_ask, args=(waiting, answers, lookup), daemon=True, name="lookup").start()
    found = dict(_collect(answers, len(distinct), seconds))
    list(_take_all(waiting))  # no thread begins another question

    def tell(host: str) -> list[Address]:
        if not found.get(host):
            raise OSError(f"{host} has no address that we know")
        return found[host]

    return tell


def _ask(waiting: _Waiting, answers: _Answers, lookup: Lookup) -> None:
    for host in _take_all(waiting):
        try:
            answers.put((host, lookup(host)))
        except OSError:
            answers.put((host, []))


def _collect(answers: _Answers, count: int, seconds: float) -> Iterator[tuple[str, list[Address]]]:
    until = time.monotonic() + seconds
    for _ in range(count):
        try:
            yield answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return


def _take_all(waiting: _Waiting) -> Iterator[str]:
    while True:
        try:
            yield waiting.get_nowait()
        except queue.Empty:
            return
