"""A clock for work that lasts, and whether the time can be believed: one that jumped forward must not make all footage
old at once.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache as remembered
from pathlib import Path

from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

LARGEST_STEP_SECONDS = 300.0
STANDSTILL_SECONDS = 3600.0
"""How long the ring stands still after a jump: time to set the clock right. After that the new time is believed."""

_REMEMBER_SECONDS = 30 * 24 * 3600

_last: dict[str, "Tick"] = {}
"""What this process saw last: all that is left where Redis is away or was flushed."""


@dataclass(frozen=True)
class Tick:
    """What the wall clock and the machine's time since its boot said in the same moment, in seconds.

    `still_until`: the machine's time until which the wall clock is not believed.
    """

    wall: float
    machine: float
    still_until: float = 0.0


def start_clock(now: datetime) -> Callable[[], datetime]:
    """Give a clock that shows `now` and goes on: to work that lasts, files would else seem written in the future."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def compare_ticks(last: Tick | None, wall: float, machine: float) -> Tick:
    """Give the tick of now: doubted for a while if more time passed on the wall than in the machine."""
    if last is None or machine < last.machine:  # another boot of the machine
        return Tick(wall, machine)
    jumped = (wall - last.wall) - (machine - last.machine) > LARGEST_STEP_SECONDS
    return Tick(wall, machine, machine + STANDSTILL_SECONDS if jumped else last.still_until)


def doubt_clock(now: datetime) -> str:
    """Say why nothing may be deleted by this time; "" if it may.

    Seen are: a jump between two passes on the same boot of this machine, and a clock that disagrees with the
    database's. Not seen: a clock that was wrong before the machine started, where the database's is wrong alike.
    """
    difference = abs((_database_time() - now).total_seconds())
    if difference > LARGEST_STEP_SECONDS:
        return "This machine's clock and the database's differ by more than five minutes; set them right."
    tick = _note_tick(now.timestamp())
    if tick.machine < tick.still_until:
        return "The clock jumped forward; nothing is deleted for an hour. Set it right if it is wrong."
    return ""


def _note_tick(wall: float) -> Tick:
    key = f"recording:ring-clock:{_name_boot()}"
    try:
        kept = cache.get(key)
    except RedisError:
        kept = None
    tick = compare_ticks(Tick(**kept) if kept else _last.get(key), wall, _machine_time())
    _last[key] = tick
    with suppress(RedisError):
        cache.set(key, asdict(tick), timeout=_REMEMBER_SECONDS)
    return tick


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def _machine_time() -> float:
    """Give the seconds since the machine's boot, its sleep included where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@remembered
def _name_boot() -> str:
    """Give what tells one boot of one machine from others."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.getnode())
