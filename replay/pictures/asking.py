"""What callers ask of pictures, read from a query string; refused by the name of what is wrong."""

from collections.abc import Mapping
from datetime import datetime

from cities.errors import InvalidInput
from ffmpeg.pictures import WIDTHS
from recording.gaps.asking import read_moment

_SAID = {"": False, "0": False, "false": False, "1": True, "true": True}


def read_required_moment(asked: Mapping[str, str], name: str) -> datetime:
    """Give the moment of a parameter that must be there."""
    moment = read_moment(asked, name)
    if moment is None:
        raise InvalidInput("This is missing; send a moment like 2026-11-03T14:00:00Z.", field=name)
    return moment


def read_width(asked: Mapping[str, str]) -> int | None:
    """Give the width asked for in pixels, None for the footage's own."""
    text = asked.get("width", "")
    if not text:
        return None
    width = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if width not in WIDTHS:
        raise InvalidInput(f"Send a number of pixels from {WIDTHS[0]} to {WIDTHS[-1]}.", field="width")
    return width


def read_exact(asked: Mapping[str, str]) -> bool:
    """Say whether the very picture is asked for, not its keyframe."""
    try:
        return _SAID[asked.get("exact", "").lower()]
    except KeyError as error:
        raise InvalidInput("Send 1 or 0.", field="exact") from error
