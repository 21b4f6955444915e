"""What callers ask for, read from a query string: a time, a unit, a cause; refused by the name of what is wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

from cities.errors import InvalidInput
from recording.gaps.periods import Unit
from recording.gaps.spans import Span
from recording.models import GapCause

LONGEST = timedelta(days=400)
_YEARS = range(1970, 2200)


def read_window(asked: Mapping[str, str], now: datetime, usual: timedelta) -> Span:
    """Give the time from `from` to `to`; what is left out is now, and `usual` before `to`. InvalidInput otherwise."""
    end = read_moment(asked, "to") or now
    start = read_moment(asked, "from") or end - usual
    check_window(start, end)
    return Span(start, end)


def check_window(start: datetime, end: datetime) -> None:
    """Refuse a time that is reversed, empty or longer than LONGEST."""
    if end <= start:
        raise InvalidInput("This lies before `from`, or at it; send a later moment.", field="to")
    if end - start > LONGEST:
        raise InvalidInput("This lies more than 400 days before `to`; ask for less at a time.", field="from")


def read_moment(asked: Mapping[str, str], name: str) -> datetime | None:
    """Give the moment of a parameter in UTC, None where it is missing or empty; InvalidInput for what is none."""
    text = asked.get(name, "")
    if not text:
        return None
    moment = _parse(text)
    if moment is None:
        raise InvalidInput("This is no moment; send one like 2026-11-03T14:00:00Z.", field=name)
    if moment.tzinfo is None:
        raise InvalidInput("The time zone is missing; send a moment like 2026-11-03T14:00:00Z.", field=name)
    if moment.year not in _YEARS:
        raise InvalidInput("Send a moment of the years 1970 to 2199.", field=name)
    return moment.astimezone(UTC)


def read_unit(asked: Mapping[str, str]) -> Unit:
    """Give what coverage is counted by: `by`, a day where it is missing."""
    try:
        return Unit(asked.get("by") or Unit.DAY.value)
    except ValueError as error:
        raise InvalidInput("Send day or month.", field="by") from error


def read_cause(asked: Mapping[str, str]) -> GapCause | None:
    """Give the cause asked for, None for any."""
    try:
        return GapCause(asked["cause"]) if asked.get("cause") else None
    except ValueError as error:
        raise InvalidInput(
            "This is no cause of a gap; the API's description at /docs lists them.", field="cause"
        ) from error


def _parse(text: str) -> datetime | None:
    try:
        # In a query string a plus that was not encoded arrives as a blank.
        return parse_datetime(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        return None
