"""The administration of alarms: what is wrong and what was, with its remedy in the operating guide."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cameras.words import say_moment
from cities.admin import CityFilter, CityScopedAdmin, Labelled, LookOnly, column
from observers.alarms.queries import list_alarms
from observers.alarms.words import describe_alarm
from observers.models import Alarm, AlarmKind

_SHOWN = ["kind_shown", "subject_shown", "city", "detail_shown", "opened_at", "last_seen_at", "count", "closed_at"]
_COLOURS = {"open": "danger", "closed": ""}


class OpenFilter(admin.SimpleListFilter):
    """What is wrong now, or what was."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 -- Django's signature
        return [("1", _("open")), ("0", _("over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> QuerySet[Alarm]:  # noqa: ARG002 -- Django's signature
        if self.value() in {"0", "1"}:
            return queryset.filter(closed_at__isnull=self.value() == "1")
        return queryset


@admin.register(Alarm)
class AlarmAdmin(LookOnly, CityScopedAdmin):
    """Alarms open and close by themselves; nobody edits them."""

    list_display = _SHOWN
    list_filter = [OpenFilter, CityFilter, "kind"]
    search_fields = ["camera__name", "media_server__name"]
    date_hierarchy = "opened_at"
    show_full_result_count = False
    fields = _SHOWN
    readonly_fields = _SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:  # noqa: ARG002 -- Django's signature
        return list_alarms()

    @column(_("kind"), ordering="kind", label=_COLOURS)
    def kind_shown(self, alarm: Alarm) -> Labelled:
        """The kind in words, red while it is open."""
        words = AlarmKind(alarm.kind).label
        if alarm.closed_at is None:
            return Labelled("open", str(words))
        return Labelled("closed", gettext("over: %(kind)s") % {"kind": words})

    @column(_("about"))
    def subject_shown(self, alarm: Alarm) -> str:
        """The camera or the media server."""
        return str(alarm.camera or alarm.media_server)

    @column(_("in words"))
    def detail_shown(self, alarm: Alarm) -> str:
        """What is wrong, in the city's own time."""
        zone, now = ZoneInfo(alarm.city.time_zone), timezone.now()
        return describe_alarm(alarm, lambda moment: say_moment(moment, zone=zone, now=now))
