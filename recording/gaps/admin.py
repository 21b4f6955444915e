"""The administration of gaps, which are looked at only, and the coverage on a camera's page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cities.admin import CityFilter, CityScopedAdmin, Labelled, LookOnly, column
from recording.gaps.coverage import measure_last_days
from recording.gaps.words import describe_coverage, say_length
from recording.models import Gap, GapCause

_COLOURS = {cause.value: "danger" for cause in GapCause} | {"deleted": "info", "unknown": "warning"}


@admin.register(Gap)
class GapAdmin(LookOnly, CityScopedAdmin):
    """What is missing, and why: found by the system, corrected by nobody's hand."""

    list_display = ["camera", "city", "start", "end", "length_shown", "cause_shown"]
    list_filter = [CityFilter, "cause"]
    list_select_related = ["camera", "city"]
    search_fields = ["camera__name"]
    date_hierarchy = "start"
    ordering = ["-start"]
    show_full_result_count = False

    @column(_("cause"), ordering="cause", label=_COLOURS)
    def cause_shown(self, gap: Gap) -> Labelled:
        """Why, as a coloured label."""
        return Labelled(gap.cause, str(GapCause(gap.cause).label))

    @column(_("length"))
    def length_shown(self, gap: Gap) -> str:
        """How long it lasted, or lasts by now."""
        return say_length((gap.end or timezone.now()) - gap.start)


class CoverageOfCamera:
    """Mixed into the camera admin: how much of the last seven days is covered, on the camera's own page."""

    def get_readonly_fields(self, request: HttpRequest, obj: Camera | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), "coverage_shown"]  # type: ignore[misc]  # of the admin it is mixed into

    @column(_("coverage of the last 7 days"))
    def coverage_shown(self, camera: Camera) -> str:
        """The percentage and what is missing, in words."""
        return describe_coverage(measure_last_days(camera, timezone.now()))
