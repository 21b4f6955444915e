"""What a disk allows, decided without asking: whether it is full, how many days it yields, what breaks a promise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from recording.retention.disk import WaterMarks
from recording.retention.shares import Claim, divide_room

DAY_SECONDS = 86_400

MOST_FOR_FULL_BYTES = 64 * 10**6
"""One fragment of 4 s for each of sixteen cameras at 8 Mbit/s: with less, writing fails for some of them."""

ENOUGH_FOOTAGE_SECONDS = 600.0
"""Less footage tells nothing of a day: a camera may have shown its first, still picture."""

MEASURE_IS_GOOD_FOR = timedelta(minutes=10)
"""Disks are measured each minute; an older measure is of a folder that is away, or of a worker that was."""

City = TypeVar("City")


@dataclass(frozen=True)
class CityUse:
    """What one city writes and holds on one media server.

    `wanted_bytes`: what its promise takes, each camera's bytes a day times its days. `camera_days`: the sum of the days
    promised, whatever is written. `footage_seconds`: how much footage of the last day was measured.
    """

    bytes_per_day: float = 0.0
    wanted_bytes: float = 0.0
    footage_seconds: float = 0.0
    footage_bytes: int = 0
    held_bytes: int = 0
    camera_days: int = 0
    promised_days: int = 0


@dataclass(frozen=True)
class Outlook:
    """`room_bytes`: what footage that is not held may fill, what is there included. `yields_days`: None if unknown."""

    bytes_per_day: int
    room_bytes: int
    yields_days: float | None
    promised_days: int


@dataclass(frozen=True)
class ServerOutlook:
    """The outlook of a media server's disk, and of each city's share of it."""

    whole: Outlook
    cities: Mapping[object, Outlook]


def find_floor(marks: WaterMarks) -> int:
    """Give the free bytes at which a disk counts as full; a quarter of the low mark where the disk is small."""
    return min(MOST_FOR_FULL_BYTES, marks.low // 4)


def is_full(free: int, marks: WaterMarks) -> bool:
    """Say whether nothing more can surely be written."""
    return free <= find_floor(marks)


def is_short(free: int, marks: WaterMarks) -> bool:
    """Say whether the ring does not keep up: a disk that is in use for long is always near its low mark."""
    return free < marks.low // 2


def is_promise_broken(delete_after_seconds: int | None, promised_days: int | None) -> bool:
    """Say whether MediaMTX deletes before the promise ends; both count from a segment's start. None: not known."""
    if not delete_after_seconds or not promised_days:
        return False
    return delete_after_seconds < promised_days * DAY_SECONDS


def forecast_server(free: int, high: int, uses: Mapping[City, CityUse]) -> ServerOutlook:
    """Say what a disk with `free` bytes, of which `high` are to stay free, yields to all and to each city."""
    room = max(0.0, free - high + sum(use.footage_bytes - use.held_bytes for use in uses.values()))
    shares = divide_room(room, {city: _claim(use) for city, use in uses.items()})
    return ServerOutlook(
        whole=_look_ahead(_add_up(uses), room),
        cities={city: _look_ahead(use, shares[city]) for city, use in uses.items()},
    )


def _claim(use: CityUse) -> Claim:
    """A city that writes nothing wants no more than what it has."""
    need = use.wanted_bytes if use.bytes_per_day else float(use.footage_bytes - use.held_bytes)
    return Claim(weight=float(use.camera_days), need=need)


def _look_ahead(use: CityUse, room: float) -> Outlook:
    is_known = use.bytes_per_day > 0 and use.footage_seconds >= ENOUGH_FOOTAGE_SECONDS
    return Outlook(
        bytes_per_day=round(use.bytes_per_day),
        room_bytes=int(room),
        yields_days=room / use.bytes_per_day if is_known else None,
        promised_days=use.promised_days,
    )


def _add_up(uses: Mapping[City, CityUse]) -> CityUse:
    total = CityUse()
    for use in uses.values():
        total = replace(
            total,
            bytes_per_day=total.bytes_per_day + use.bytes_per_day,
            footage_seconds=total.footage_seconds + use.footage_seconds,
            promised_days=max(total.promised_days, use.promised_days),
        )
    return total
