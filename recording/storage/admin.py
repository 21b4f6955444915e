"""The disks and their water marks, for platform administrators; each city's forecast, looked at only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, CityScopedAdmin, Labelled, LookOnly, PlatformAdmin, column
from recording.models import Forecast, Storage
from recording.storage.decisions import is_promise_broken
from recording.storage.queries import find_marks
from recording.storage.tasks import forecast_disks
from recording.storage.words import say_outlook

_COLOURS = {"enough": "success", "short": "danger", "unknown": "info"}


class StorageForm(forms.ModelForm[Storage]):
    """The water marks: both or none, the high one above the low one, and both on the disk."""

    class Meta:
        model = Storage
        fields = ["low_bytes", "high_bytes"]
        help_texts = {
            "low_bytes": _("Footage is deleted, oldest first, when fewer bytes are free. Empty: 1 GB or 2 %."),
            "high_bytes": _("Deleting stops when so many bytes are free. Empty: half as much again."),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse marks between which no ring can turn."""
        cleaned = super().clean() or {}
        low, high = cleaned.get("low_bytes"), cleaned.get("high_bytes")
        if self.errors or (low is None and high is None):
            return cleaned
        if low is None or high is None:
            self.add_error("low_bytes" if low is None else "high_bytes", _("Give both marks, or leave both empty."))
        elif low < 0:
            self.add_error("low_bytes", _("A mark is 0 bytes or more."))
        elif high < low:
            self.add_error("high_bytes", _("This mark must not be below the other one."))
        elif self.instance.total_bytes is not None and high >= self.instance.total_bytes:
            self.add_error("high_bytes", _("The disk is smaller than that: no footage would be left on it."))
        return cleaned


@admin.register(Storage)
class StorageAdmin(PlatformAdmin):
    """Rows are made by measuring; only the water marks are a person's to set."""

    form = StorageForm
    list_display = ["media_server", "free", "total", "daily", "outlook", "marks", "mediamtx_deletes", "trouble"]
    list_select_related = ["media_server"]
    ordering = ["media_server__name"]
    actions = ["forecast_now"]
    fields = ["media_server", "low_bytes", "high_bytes", "marks", "free", "total", "measured_at", "daily", "outlook"]
    fields += ["mediamtx_deletes", "trouble"]
    readonly_fields = [name for name in fields if name not in {"low_bytes", "high_bytes"}]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    @admin.action(description=_("Forecast now"))
    def forecast_now(self, request: HttpRequest, queryset: QuerySet[Storage]) -> None:  # noqa: ARG002 -- Django's signature
        """Have all disks forecast at once, instead of within ten minutes."""
        forecast_disks.delay_on_commit()  # type: ignore[attr-defined]  # of Celery's task class for Django
        messages.success(request, _("All disks are being forecast; look again in a few seconds."))

    @column(_("free"), ordering="free_bytes")
    def free(self, storage: Storage) -> str:
        """What is really available to us."""
        return _say_bytes(storage.free_bytes)

    @column(_("size"), ordering="total_bytes")
    def total(self, storage: Storage) -> str:
        """The size of the file system."""
        return _say_bytes(storage.total_bytes)

    @column(_("written a day"), ordering="bytes_per_day")
    def daily(self, storage: Storage) -> str:
        """What all its cameras write a day."""
        return _say_bytes(storage.bytes_per_day)

    @column(_("forecast"), label=_COLOURS)
    def outlook(self, storage: Storage) -> Labelled:
        """What it yields to all its cities together."""
        return _label_outlook(storage.bytes_per_day, storage.yields_days, storage.promised_days)

    @column(_("footage is deleted between"))
    def marks(self, storage: Storage) -> str:
        """The water marks in force."""
        if storage.total_bytes is None and storage.low_bytes is None:
            return "–"
        marks = find_marks(storage)
        return f"{_say_bytes(marks.low)} – {_say_bytes(marks.high)}"

    @column(_("MediaMTX itself deletes"), label={"broken": "danger", "fine": ""})
    def mediamtx_deletes(self, storage: Storage) -> Labelled:
        """After how long, and whether that breaks a promise."""
        seconds = storage.delete_after_seconds
        if is_promise_broken(seconds, storage.promised_days):
            text = _("after %(days)s days: before the promised %(promised)s")
            days = round((seconds or 0) / 86_400, 1)
            return Labelled("broken", str(text) % {"days": days, "promised": storage.promised_days})
        if seconds is None:
            return Labelled("fine", str(_("not known")))
        if seconds == 0:
            return Labelled("fine", str(_("never")))
        return Labelled("fine", str(_("after %(days)s days")) % {"days": round(seconds / 86_400, 1)})

    @column(_("trouble"), label={"refused": "danger", "doubt": "danger", "none": ""})
    def trouble(self, storage: Storage) -> Labelled:
        """Why nothing is recorded or deleted there."""
        if storage.refuses_since is not None:
            return Labelled("refused", str(_("Only held footage is left: nothing is recorded.")))
        return Labelled("doubt" if storage.doubt else "none", storage.doubt)


@admin.register(Forecast)
class ForecastAdmin(LookOnly, CityScopedAdmin):
    """How many days each disk yields to a city: computed, never edited."""

    list_display = ["media_server", "city", "outlook", "daily", "footage", "held", "room", "measured_at"]
    list_filter = [CityFilter]
    list_select_related = ["city", "media_server"]
    ordering = ["city__name", "media_server__name"]
    fields = ["media_server", "city", "outlook", "daily", "footage", "held", "room", "measured_at"]

    @column(_("forecast"), ordering="yields_days", label=_COLOURS)
    def outlook(self, forecast: Forecast) -> Labelled:
        """What it yields of what was promised."""
        return _label_outlook(forecast.bytes_per_day, forecast.yields_days, forecast.promised_days)

    @column(_("written a day"), ordering="bytes_per_day")
    def daily(self, forecast: Forecast) -> str:
        """What the city's cameras write a day."""
        return _say_bytes(forecast.bytes_per_day)

    @column(_("footage"), ordering="footage_bytes")
    def footage(self, forecast: Forecast) -> str:
        """What the city has on it."""
        return _say_bytes(forecast.footage_bytes)

    @column(_("held"), ordering="held_bytes")
    def held(self, forecast: Forecast) -> str:
        """What of it is held."""
        return _say_bytes(forecast.held_bytes)

    @column(_("room"), ordering="room_bytes")
    def room(self, forecast: Forecast) -> str:
        """What it may fill."""
        return _say_bytes(forecast.room_bytes)


def _label_outlook(bytes_per_day: int | None, yields_days: float | None, promised_days: int | None) -> Labelled:
    words = say_outlook(bytes_per_day, yields_days, promised_days)
    if yields_days is None:
        return Labelled("unknown", words)
    return Labelled("enough" if yields_days >= (promised_days or 0) else "short", words)


def _say_bytes(count: int | None) -> str:
    return "–" if count is None else str(filesizeformat(count))
