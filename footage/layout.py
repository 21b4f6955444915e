"""How a segment's file is named: the moment of its first sample, in UTC because MediaMTX runs with TZ=UTC."""

import re
from datetime import UTC, datetime

# Some Pythons take 24:00 for the midnight that follows.
_NAME = re.compile(r"\d{4}-\d\d-\d\d_(?!24)\d\d-\d\d-\d\d-\d{6}\.mp4", re.ASCII)


def start_from_name(name: str) -> datetime | None:
    """Give the start (UTC, to the microsecond) that a file's name tells; None for any other name.

    Only the whole, exact form counts. MediaMTX's own cleaner takes `2026-01-27_03-00-00-123456.mp4.jpg` for a segment
    as well (v1.20.1, `recordstore/path.go`); we do not.
    """
    if _NAME.fullmatch(name) is None:
        return None
    time = name[11:19].replace("-", ":")
    try:
        return datetime.fromisoformat(f"{name[:10]}T{time}.{name[20:26]}+00:00")
    except ValueError:
        return None


def name_for(start: datetime) -> str:
    """Give the name of the file that starts then; ValueError for a moment without a zone."""
    if start.utcoffset() is None:
        raise ValueError("the start of a segment needs a time zone")
    moment = start.astimezone(UTC)
    day, time = f"{moment:%m-%d}", f"{moment:%H-%M-%S-%f}"
    return f"{moment.year:04}-{day}_{time}.mp4"


def is_segment_name(name: str) -> bool:
    """Tell whether a file of that name is a segment."""
    return start_from_name(name) is not None
