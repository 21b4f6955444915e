"""The room on a media server's disk, and the water marks between which its ring turns."""

import os
from dataclasses import dataclass
from pathlib import Path

LEAST_FREE_BYTES = 10**9
LEAST_FREE_SHARE = 0.02
MOST_KEPT_FREE_SHARE = 0.10
"""A disk so small that a gigabyte is much of it keeps no more than this free."""


@dataclass(frozen=True)
class DiskRoom:
    """Bytes of the file system, and bytes that are really available to us on it."""

    total: int
    free: int


@dataclass(frozen=True)
class WaterMarks:
    """Footage goes from the moment fewer than `low` bytes are free until `high` are."""

    low: int
    high: int


def measure_disk(root: Path) -> DiskRoom:
    """Measure the file system a folder lies on; `f_bavail`, not `f_bfree`: the rest is root's. Raises OSError."""
    found = os.statvfs(root)
    return DiskRoom(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def choose_water_marks(total: int, low: int | None = None, high: int | None = None) -> WaterMarks:
    """Give an operator's marks, or our own: 1 GB or 2 % at the low one, half as much again at the high one."""
    if low is not None and high is not None:
        return WaterMarks(low, high)
    ours = int(min(max(LEAST_FREE_BYTES, total * LEAST_FREE_SHARE), total * MOST_KEPT_FREE_SHARE))
    return WaterMarks(ours, ours + ours // 2)
