"""What callers ask of footage, read from a query string; refused by the name of what is wrong."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

from cities.errors import InvalidInput
from recording.gaps.asking import check_window, read_moment
from recording.gaps.periods import begin_of, next_month
from recording.gaps.spans import Span

MOST_CAMERAS = 9
MOST_BUCKETS = 5_000
USUAL_BUCKETS = 1_000
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9-]{0,64}")
_BEGINNING, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_YEARS = range(1970, 2200)


def read_range(asked: Mapping[str, str], now: datetime) -> Span:
    """Give the time from `from` to `to`; `to` is now where it is left out. InvalidInput otherwise."""
    start = read_moment(asked, "from")
    if start is None:
        raise InvalidInput("Send where the time begins, a moment like 2026-11-03T14:00:00Z.", field="from")
    end = read_moment(asked, "to")
    if end is None and start >= now:
        raise InvalidInput("This lies in the future; there is no footage yet.", field="from")
    window = Span(start, end or now)
    check_window(window.start, window.end)
    return window


def read_playback(asked: Mapping[str, str]) -> str:
    """Give the caller's word for one playback, "" where there is none; InvalidInput for one that is no short word."""
    word = asked.get("playback", "")
    if not _WORD.fullmatch(word):
        raise InvalidInput("Send at most 64 letters, digits and hyphens, or leave it out.", field="playback")
    return word


def read_resolution(asked: Mapping[str, str], window: Span) -> int:
    """Give the seconds of a bucket, no more than the window lasts; where left out, there are 1,000 buckets at most."""
    text, seconds = asked.get("resolution", ""), window.length.total_seconds()
    if not text:
        return max(1, ceil(seconds / USUAL_BUCKETS))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise InvalidInput("Send whole seconds, 1 or more.", field="resolution")
    if seconds / int(text) > MOST_BUCKETS:
        least = ceil(seconds / MOST_BUCKETS)
        raise InvalidInput(f"This is too fine for so long a time; send {least} or more.", field="resolution")
    return min(int(text), max(1, ceil(seconds)))


def read_cameras(asked: Mapping[str, str]) -> list[UUID]:
    """Give the cameras of `camera_ids`, ids with commas between, each once."""
    words = [word for word in asked.get("camera_ids", "").split(",") if word]
    if not 1 <= len(words) <= MOST_CAMERAS:
        raise InvalidInput(f"Send the ids of 1 to {MOST_CAMERAS} cameras, with commas between.", field="camera_ids")
    try:
        return list(dict.fromkeys(UUID(word) for word in words))
    except ValueError as error:
        raise InvalidInput("This holds what is no id of a camera.", field="camera_ids") from error


def read_month(asked: Mapping[str, str], zone: ZoneInfo) -> tuple[date, Span]:
    """Give the first day of `month` (2026-11), and from when to when it lasts in the city."""
    match = _MONTH.fullmatch(asked.get("month", ""))
    if match is None or int(match[1]) not in _YEARS or not 1 <= int(match[2]) <= 12:
        raise InvalidInput("Send a month like 2026-11.", field="month")
    first = date(int(match[1]), int(match[2]), 1)
    return first, Span(begin_of(first, zone), begin_of(next_month(first), zone))


def read_cursor(asked: Mapping[str, str]) -> datetime | None:
    """Give the start after which a page goes on, None for the first; InvalidInput for no cursor of ours."""
    text = asked.get("cursor", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise InvalidInput("This is no cursor of ours; follow `next`, or begin without one.", field="cursor")
    return _BEGINNING + int(text) * _MICROSECOND


def spell_cursor(start: datetime) -> str:
    """Give the cursor of what comes after this start."""
    return str((start - _BEGINNING) // _MICROSECOND)


def spell_moment(moment: datetime) -> str:
    """Give the moment in UTC as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
