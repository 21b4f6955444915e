"""What is kept of a hold, said to people in their language and in the city's own time."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from recording.gaps.spans import Span
from recording.holds.decisions import HoldState, Statement
from recording.models import Hold


def say_hold(hold: Hold, statement: Statement, *, zone: ZoneInfo, now: datetime) -> str:
    """Give what was asked, what is kept, what is missing and why, in sentences."""
    return " ".join(_sentences(hold, statement, zone, now))


def say_spans(spans: Iterable[Span], zone: ZoneInfo) -> str:
    """Give stretches of time to the second."""
    return "; ".join(_say_span(span, zone) for span in spans)


def say_moment(moment: datetime, zone: ZoneInfo) -> str:
    """Give a moment to the second, with its zone."""
    return date_format(moment.astimezone(zone), "j M Y H:i:s T", use_l10n=False)


def _sentences(hold: Hold, statement: Statement, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    yield _("Asked %(time)s.") % {"time": _say_span(Span(hold.starts_at, hold.ends_at), zone)}
    if statement.state in {HoldState.RELEASED, HoldState.EXPIRED}:
        yield _("Nothing is held any more.")
        return
    if statement.kept:
        yield _("Kept %(time)s.") % {"time": say_spans(statement.kept, zone)}
    if statement.securing:
        yield _("Being secured %(time)s.") % {"time": say_spans(statement.securing, zone)}
    if statement.state == HoldState.LOST:
        yield _("Nothing is kept.")
    if statement.missing:
        yield _("Missing %(time)s.") % {"time": say_spans(statement.missing, zone)}
    if hold.ends_at > now:
        yield _("Footage is held as it comes.")
    yield from (str(problem.label) for problem in statement.problems)


def _say_span(span: Span, zone: ZoneInfo) -> str:
    """The zone stands there, twice where summer time begins or ends in between: one hour comes twice a year."""
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    begins = "j M Y H:i:s" if start.utcoffset() == end.utcoffset() else "j M Y H:i:s T"
    ends = "H:i:s T" if start.date() == end.date() else "j M Y H:i:s T"
    return f"{date_format(start, begins, use_l10n=False)} – {date_format(end, ends, use_l10n=False)}"
