"""OFF means off: cameras whose recording is not wished are kept off the disk by entries in our MediaMTX's file."""

import logging
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q
from redis.exceptions import RedisError

from cameras.models import Camera
from mediamtx.client import MediaMTXClient
from mediamtx.config import write_config
from mediamtx.errors import ForeignConfig, MediaMTXUnavailable
from mediamtx.recording_switch import read_off, read_off_in_force, replace_off

log = logging.getLogger(__name__)

REST_SECONDS = 2.0
"""Between two writes: MediaMTX v1.20.1 drops what it is told of the file within 1 s of the last reload."""

LOOK_AGAIN_SECONDS = 1.0
"""After a write: a reload with 10,000 cameras switched off took 0.3 s."""

REMOVED_STAYS_OFF = timedelta(days=30)
"""A removed camera that goes on publishing must not be written for so long; the list must not grow for ever either."""

OUTCOME_KEY = "recording:off_switch"
_LOCKS = 0x4F4646


class OffState(StrEnum):
    """What became of the wish that cameras be kept off the disk."""

    IN_FORCE = "in force"
    WRITTEN = "written"
    RESTING = "resting"
    NOT_APPLIED = "not applied"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_OURS = "not ours"


@dataclass(frozen=True)
class Outcome:
    """How one pass ended; `problem` says why in words, `again_in` is in seconds, None where the next sweep will do."""

    state: OffState
    problem: str = ""
    again_in: float | None = None


@dataclass(frozen=True)
class Sight:
    """The cameras that are wished off, off in the file and off in the running MediaMTX.

    Seconds since the file was written and since MediaMTX was asked: an answer older than the file says nothing of it.
    """

    wished: frozenset[UUID]
    in_file: frozenset[UUID]
    running: frozenset[UUID]
    file_age: float
    answer_age: float = 0.0


BUSY = Outcome(OffState.BUSY, again_in=0.5)


def decide(sight: Sight) -> Outcome:
    """Say what is to be done; WRITTEN and NOT_APPLIED mean that the file is to be written now."""
    if sight.wished == sight.in_file == sight.running:
        return Outcome(OffState.IN_FORCE)
    # The clock may have been set back: a file out of the future holds nobody up.
    if 0 <= sight.file_age < max(REST_SECONDS, sight.answer_age):
        return Outcome(OffState.RESTING, again_in=max(0.1, REST_SECONDS - sight.file_age))
    if sight.wished != sight.in_file:
        return Outcome(OffState.WRITTEN, again_in=LOOK_AGAIN_SECONDS)
    problem = (
        "MediaMTX did not take up the change of its configuration; it was written again. Does it run with this file?"
    )
    return Outcome(OffState.NOT_APPLIED, problem)


def apply_off_switch(*, now: datetime, clock: Callable[[], float] = time.time) -> Outcome:
    """Have MediaMTX record no camera whose recording is off, and note the outcome. Wants every city in scope.

    Level-triggered: what is wished is compared with the file and with the running MediaMTX, and nothing is done where
    they agree. Without an answer from MediaMTX nothing is decided. `clock` gives seconds as files' times do.
    """
    outcome = _apply(now, clock) if is_ours() else Outcome(OffState.NOT_OURS)
    if outcome.state != OffState.BUSY:
        _note(outcome)
    return outcome


def is_ours() -> bool:
    """Say whether there is a MediaMTX whose configuration file we may change."""
    return bool(settings.VMS_MEDIAMTX_CONFIG) and settings.VMS_RECORDING_ADAPTER != "mock"


def read_outcome() -> Outcome | None:
    """Give how the last pass ended, None where nobody knows. Raises RedisError."""
    found = cache.get(OUTCOME_KEY)
    return Outcome(OffState(found["state"]), found["problem"]) if found else None


def read_trouble() -> str:
    """Give why cameras that are off may be recorded; empty if nothing is known. Raises RedisError.

    A MediaMTX that gives no answer is another matter, and told elsewhere.
    """
    outcome = read_outcome()
    return outcome.problem if outcome and outcome.state != OffState.UNREACHABLE else ""


def _apply(now: datetime, clock: Callable[[], float]) -> Outcome:
    asked_at = clock()
    try:
        running = read_off_in_force(MediaMTXClient(settings.MEDIAMTX_API_URL).list_config_paths())
        with transaction.atomic():
            return _bring_in_line(running, asked_at, now, clock) if _take_turn() else BUSY
    except MediaMTXUnavailable as error:
        return Outcome(OffState.UNREACHABLE, str(error))
    except (ForeignConfig, UnicodeDecodeError, OSError) as error:
        return Outcome(OffState.REFUSED, f"{settings.VMS_MEDIAMTX_CONFIG} was left alone: {error}")


def _bring_in_line(running: frozenset[UUID], asked_at: float, now: datetime, clock: Callable[[], float]) -> Outcome:
    path = Path(settings.VMS_MEDIAMTX_CONFIG)
    text = path.read_text(encoding="utf-8")
    wished, at = list_off_cameras(now), clock()
    outcome = decide(Sight(wished, read_off(text), running, at - path.stat().st_mtime, at - asked_at))
    if outcome.state in {OffState.WRITTEN, OffState.NOT_APPLIED}:
        write_config(path, replace_off(text, wished))
        log.info("recording of %d cameras is switched off in %s", len(wished), path)
    return outcome


def list_off_cameras(now: datetime) -> frozenset[UUID]:
    """Give the cameras of our MediaMTX that must not be recorded: all, where only held footage is left."""
    there_or_just_removed = Q(removed_at=None) | Q(removed_at__gt=now - REMOVED_STAYS_OFF)
    off_or_refused = Q(recording_enabled=False) | Q(media_server__storage__refuses_since__isnull=False)
    cameras = Camera.objects.filter(
        there_or_just_removed, off_or_refused, media_server__api_url=settings.MEDIAMTX_API_URL
    )
    return frozenset(cameras.values_list("pk", flat=True))


def _take_turn() -> bool:
    """Take the right to write this file until the transaction ends; False where another worker has it."""
    of_this_file = zlib.crc32(settings.MEDIAMTX_API_URL.encode()) - 2**31  # a signed 32-bit number for Postgres
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCKS, of_this_file])
        return bool(cursor.fetchone()[0])


def _note(outcome: Outcome) -> None:
    """Leave the outcome where others find it, and say it once where it is a problem."""
    try:
        before = read_outcome()
        cache.set(OUTCOME_KEY, {"state": str(outcome.state), "problem": outcome.problem}, timeout=None)
    except RedisError as error:
        log.debug("the outcome was not noted: %s", error)
        before = None
    if outcome.problem and (before is None or before.problem != outcome.problem):
        log.warning("cameras whose recording is off may be recorded: %s", outcome.problem)
