"""Lists of the administration that grow without end: shown by days, counted up to a bound.

To count and to put in order fourteen million rows for one page took Postgres 15 s; a day of them takes a hundredth.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.widgets import UnfoldAdminTextInputWidget

MOST_COUNTED = 10_000
MOST_DAYS = 31

Days = tuple[date, date]
"""The first and the last, both included."""


def choose_days(first: date | None, last: date | None, *, newest: int, today: date) -> Days:
    """Give the days to show: those asked for, at most MOST_DAYS; the `newest` so many where nothing was asked for."""
    if first is None and last is None:
        return _go_back(today, newest), today
    if first is None or last is None:
        known = first or last or today
        return (known, _go_on(known, MOST_DAYS)) if first else (_go_back(known, MOST_DAYS), known)
    first, last = min(first, last), max(first, last)
    return max(first, _go_back(last, MOST_DAYS)), last


class BoundedPaginator(Paginator[Any]):
    """Counts and shows the first MOST_COUNTED rows of a list; nobody turns a hundred pages of a hundred."""

    @cached_property
    def count(self) -> int:
        """The number of rows, MOST_COUNTED where there are more."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]  # the administration hands in nothing else
        return rows.order_by()[:MOST_COUNTED].count()


class _DaysForm(forms.Form):
    """Two days; the browser's own choice of dates, which sends them the same way in every language."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for end, label in (("from", _("First day")), ("to", _("Last day"))):
            words = {"type": "date", "aria-label": label, "title": label}
            self.fields[f"{name}_{end}"] = forms.CharField(
                label=label, required=False, widget=UnfoldAdminTextInputWidget(attrs=words)
            )


class DaysFilter(RangeDateFilter):  # type: ignore[misc]  # unfold ships no types
    """Some days of a list: the newest `newest_days` where none are chosen, at most MOST_DAYS.

    All of them where none are chosen and the admin says that what is asked for is short. `days` is None then.
    """

    newest_days = 2
    form_class = _DaysForm

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, *args, **kwargs)
        _params, _model, model_admin = args
        first, last = (parse_day(self.used_parameters.get(name, "")) for name in self.expected_parameters())
        is_whole = first is last is None and model_admin.is_short(request)
        self.days = None if is_whole else choose_days(first, last, newest=self.newest_days, today=timezone.localdate())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 -- Django's signature
        """Give what lies within the days."""
        if self.days is None:
            return queryset
        first, last = self.days
        span = {f"{self.field_path}__gte": begin_day(first), f"{self.field_path}__lt": begin_day(_go_on(last, 2))}
        return queryset.filter(**span)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:  # noqa: ARG002 -- as above
        """Show the days that are in force, whoever chose them."""
        shown = dict(zip(self.expected_parameters(), (day.isoformat() for day in self.days or ()), strict=False))
        yield {
            "request": self.request,
            "parameter_name": self.parameter_name,
            "form": self.form_class(name=self.parameter_name, data=shown),
        }


class LongList:
    """Mixed in before an admin whose `list_filter` has a DaysFilter: says which days are shown, and counts so far."""

    paginator = BoundedPaginator
    list_before_template = "cities/admin_days.html"
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def is_short(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- for those that know better
        """Say whether what is asked for is so little, and found so easily, that it need not be cut into days."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Tell the page how far the list is counted."""
        context = {**(extra_context or {}), "most_counted": MOST_COUNTED, "most_days": MOST_DAYS}
        return super().changelist_view(request, context)  # type: ignore[misc]  # of the admin it is mixed into


def parse_day(text: str) -> date | None:
    """Give the day that a form sent, None where it is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def begin_day(day: date) -> datetime:
    """Give the moment a day begins in the zone of the request."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _go_on(day: date, days: int) -> date:
    """Give the last of so many days from this one on."""
    return day + timedelta(days=min(days - 1, (date.max - day).days))


def _go_back(day: date, days: int) -> date:
    """Give the first of so many days up to this one."""
    return day - timedelta(days=min(days - 1, (day - date.min).days))
