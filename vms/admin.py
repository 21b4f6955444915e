"""Puts the rooms' parts of the administration together: the camera's page, and the packages' own pages in our look."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat import models as beat
from django_celery_beat.admin import PeriodicTaskAdmin as BeatPeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from cameras import admin as cameras_admin
from cameras.groups import admin as _groups  # noqa: F401 -- registers its pages
from cameras.models import Camera
from cities.admin import LookOnly, PlatformAdmin
from cities.audit import admin as _audit  # noqa: F401 -- registers its page
from cities.audit.services import Subject
from cities.models import ApiToken, AuditAction
from recording.admin import RecordingSwitch
from recording.gaps.admin import CoverageOfCamera
from streams.admin import StreamColumns


@admin.register(Camera)
class CameraAdmin(RecordingSwitch, CoverageOfCamera, StreamColumns, cameras_admin.CameraAdmin):
    """The camera with everything the rooms above know of it."""

    actions = [*RecordingSwitch.actions, *StreamColumns.actions]
    list_display = [*cameras_admin.CameraAdmin.list_display, "stream_state", "stream_problem"]
    list_select_related = [*cameras_admin.CameraAdmin.list_select_related, "stream"]
    fieldsets = [
        *cameras_admin.CameraAdmin.fieldsets,
        (_("Footage"), {"fields": ["coverage_shown"]}),
        (_("Stream"), {"fields": ["stream_state", "stream_problem", "publish_url"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Camera | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "stream_state", "stream_problem", "publish_url"]


_SCHEDULES = [beat.IntervalSchedule, beat.CrontabSchedule, beat.SolarSchedule, beat.ClockedSchedule]
admin.site.unregister([beat.PeriodicTask, TOTPDevice, StaticDevice, *_SCHEDULES])


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # neither package ships types
    """The choice of a task in our look."""


class _PeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]  # the package ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(BeatPeriodicTaskAdmin, PlatformAdmin):  # type: ignore[misc]  # neither package ships types
    """The schedule, which operators may slow down or switch off."""

    form = _PeriodicTaskForm
    # The package's own page puts a script into the page, which our policy does not run.
    change_form_template = None

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Any, str, str]]:
        """Note what the package's own actions do; removing is noted row by row."""
        actions = super().get_actions(request)
        return {
            name: (function if name == "delete_selected" else _note_first(function, name), name, words)
            for name, (function, _name, words) in actions.items()
        }


def _note_first(action: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Give the action with an entry for each of its rows before it."""

    @wraps(action)
    @transaction.atomic
    def noted(page: PeriodicTaskAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for row in queryset:
            page.note(request, row, {"action": name})
        return action(page, request, queryset)

    return noted


@admin.register(*_SCHEDULES)
class ScheduleAdmin(PlatformAdmin):
    """Rhythms that the schedule's entries use."""


class _TakenAwayOnly(LookOnly, PlatformAdmin):
    """Rows that platform administrators look at and may take away, which is the remedy."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return PlatformAdmin.has_delete_permission(self, request, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Look by what is shown alone: a secret that is not shown could be asked for letter by letter."""
        is_shown = lookup.partition("__")[0] in {"pk", *self.fields}
        return is_shown and bool(super().lookup_allowed(lookup, value, request))


class _OfAPerson(_TakenAwayOnly):
    """What is a person's own: the audit log names them."""

    def subject_of(self, obj: Any) -> Subject:
        return Subject("user", str(obj.user.pk), obj.user.get_username())


@admin.register(TOTPDevice)
class SecondStepAdmin(_OfAPerson):
    """Second steps of signing in: taken away here for somebody who lost phone and backup codes; no secret is shown."""

    noted_as = AuditAction.SECOND_STEP_REMOVED
    list_display = ["user", "confirmed"]
    fields = ["user", "confirmed"]
    search_fields = ["user__username"]
    list_select_related = ["user"]


@admin.register(AccessAttempt)
class FailedSignInAdmin(_TakenAwayOnly):
    """Failed sign-ins that count towards a lock; taking one away lifts it."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time"]
    fields = ["username", "ip_address", "failures_since_start", "attempt_time"]
    search_fields = ["username", "ip_address"]


@admin.register(ApiToken)
class TokenAdmin(_OfAPerson):
    """API tokens: made on one's own page or by `manage.py create_token`, looked at and revoked here."""

    noted_as = AuditAction.TOKEN_REVOKED
    list_display = ["user", "name", "created", "expiry"]
    fields = ["user", "name", "created", "expiry"]
    search_fields = ["user__username", "name"]
    list_select_related = ["user"]
