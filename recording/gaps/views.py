"""The printable page: how much of a month each camera of the city has covered, day by day."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cities.access import Access
from cities.models import City, Role
from cities.pages import access_at, cities_at_hand, protect_page
from recording.gaps.coverage import CameraCoverage, add_up, list_covered_cameras, measure_coverage
from recording.gaps.periods import Measured, Period, Unit, begin_of, list_periods, next_month
from recording.gaps.spans import Span
from recording.gaps.words import WHOLE, describe_coverage, describe_missing, write_percent

CAMERAS_PER_PAGE = 200
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Cell:
    """A camera's day: a number, a word for it, and all of it for who asks."""

    number: str
    word: str
    kind: str


@dataclass(frozen=True)
class Row:
    """A camera's month."""

    name: str
    total: Cell
    cells: tuple[Cell, ...]
    missing: str


@require_safe
@login_required
def show_coverage(request: HttpRequest) -> HttpResponse:
    """Show the month that `?month=2026-11` names, this one where none is named, in the city's own time."""
    access = access_at(request)
    if access is None:
        return redirect("/")
    zone, now = ZoneInfo(access.city.time_zone), timezone.now()
    first = _read_month(request, now.astimezone(zone).date())
    window = Span(begin_of(first, zone), begin_of(next_month(first), zone))
    periods = list_periods(window, zone, Unit.DAY)
    page = Paginator(list_covered_cameras(window), CAMERAS_PER_PAGE).get_page(request.GET.get("page"))
    found = measure_coverage(list(page), periods, now)
    context = (
        _describe_place(access)
        | {"cities": cities_at_hand(request)}
        | _describe_month(first, window, now.astimezone(zone).date())
    )
    context |= {
        "rows": [_make_row(each) for each in found],
        "days": [_describe_day(period, zone) for period in periods],
        "together": describe_coverage(add_up([each.total for each in found])),
        "page": page,
        "printed_at": date_format(now.astimezone(zone), "DATETIME_FORMAT"),
    }
    return protect_page(render(request, "recording/coverage.html", context))


def _read_month(request: HttpRequest, today: date) -> date:
    text = request.GET.get("month") or f"{today:%Y-%m}"
    if not _MONTH.fullmatch(text):
        message = "month must be like 2026-11"
        raise BadRequest(message)
    return date.fromisoformat(f"{text}-01")


def _describe_place(access: Access) -> dict[str, Any]:
    city: City = access.city
    return {"city": city, "role": Role(access.role).label}


def _describe_month(first: date, window: Span, today: date) -> dict[str, Any]:
    before, after = (first.replace(day=1) - date.resolution).replace(day=1), next_month(first)
    asked = {"from": window.start.isoformat(), "to": window.end.isoformat(), "by": Unit.DAY.value}
    return {
        "month": f"{first:%Y-%m}",
        "month_name": date_format(first, "YEAR_MONTH_FORMAT"),
        "before": f"{before:%Y-%m}",
        "after": f"{after:%Y-%m}" if after <= today else "",
        "table_query": urlencode(asked),
    }


def _describe_day(period: Period, zone: ZoneInfo) -> dict[str, Any]:
    """Give the day's number, and how many hours it has where the clocks change in it."""
    hours = int(period.span.length.total_seconds() // 3600)
    return {
        "number": period.span.start.astimezone(zone).day,
        "hours": _("%(hours)d hours") % {"hours": hours} if hours != 24 else "",
    }


def _make_row(found: CameraCoverage) -> Row:
    cells = tuple(_make_cell(measured) for measured in found.by_period)
    return Row(found.camera.name, _make_cell(found.total), cells, describe_missing(found.total))


def _make_cell(measured: Measured) -> Cell:
    if measured.percent is None:
        return Cell("–", _("not wished"), "none")
    if measured.percent == WHOLE:
        return Cell(write_percent(measured.percent), _("whole"), "whole")
    kind = "lost" if measured.percent == 0 else "gaps"
    return Cell(write_percent(measured.percent), describe_missing(measured), kind)
