"""Coverage said in the reader's language."""

from datetime import timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recording.gaps.periods import Measured
from recording.models import GapCause

WHOLE = 100.0


def describe_coverage(measured: Measured) -> str:
    """Give the percentage of wished time that is covered, and what is missing by cause."""
    if measured.percent is None:
        return _("Recording was not wished.")
    if measured.percent == WHOLE:
        return _("100 % of the wished time: nothing is missing.")
    return _("%(percent)s %% of the wished time; missing: %(causes)s.") % {
        "percent": say_percent(measured.percent),
        "causes": describe_missing(measured),
    }


def describe_missing(measured: Measured) -> str:
    """Give each cause with its length, the longest first; empty where nothing is missing."""
    longest_first = sorted(measured.missing.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{GapCause(cause).label} {say_length(length)}" for cause, length in longest_first)


def say_percent(percent: float) -> str:
    """Give the number as the reader writes it in a sentence: 100, 99.9, 87.25."""
    return number_format(f"{percent:.2f}".rstrip("0").rstrip("."))


def write_percent(percent: float) -> str:
    """Give the number as it stands in a column, digits below each other: 99.90, 87.25; a whole is 100."""
    return number_format("100" if percent == WHOLE else f"{percent:.2f}")


def say_length(length: timedelta) -> str:
    """Give a length in the largest two units that tell it: 3 days 4 h, 2 h 5 min, 40 s."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return ngettext("%(days)d day %(hours)d h", "%(days)d days %(hours)d h", days) % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds % 60}
    return _("%(seconds)d s") % {"seconds": seconds}
