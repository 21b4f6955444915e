"""Each service's log file: what it said last, and a bound on how much it may say."""

import contextlib
import os
import shutil
from pathlib import Path

LARGEST_LOG_BYTES = 10 * 1024 * 1024
"""Two files of this size at most are kept for each service."""

LOOK_BACK_BYTES = 16 * 1024


def read_last_lines(log: Path, count: int) -> list[str]:
    """The last lines of the log that are not blank, oldest first; none if there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOOK_BACK_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def cap_log(log: Path, largest: int = LARGEST_LOG_BYTES) -> None:
    """Set a log aside as `<name>.1` once it is too large, and begin it anew.

    The service goes on writing to the same file (it is open for appending), so it is copied and emptied: what is
    written between the two is lost.
    """
    # A full disk must not end the launcher over a log file.
    with contextlib.suppress(OSError):
        if log.stat().st_size > largest:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)
