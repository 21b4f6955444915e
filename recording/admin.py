"""The recording switch on the list of cameras; sessions and segments, which are looked at only."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cameras.models import Camera
from cities.admin import CityFilter, CityScopedAdmin, Labelled, LookOnly, column, may
from cities.long_lists import DaysFilter, LongList
from cities.models import Role, User
from cities.pages import return_to_page
from recording.gaps import admin as _gaps  # noqa: F401 -- registers its pages
from recording.holds import admin as _holds  # noqa: F401 -- as above
from recording.models import RecordingSession, RecordingStatus, Segment
from recording.retention import admin as _retention  # noqa: F401 -- as above
from recording.services import switch_many
from recording.states import SegmentState
from recording.storage import admin as _storage  # noqa: F401 -- as above
from streams.admin import operated_by, tell_refused


class RecordingSwitch:
    """Mixed into the camera admin: a switch in each row, on and off for several at once, by the API's own service."""

    actions = ["switch_recording_on", "switch_recording_off"]
    list_after_template = "recording/admin_switch_form.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.switch_one))  # type: ignore[attr-defined]  # of the admin it is mixed into
        return [path("<uuid:camera_id>/recording/", view, name="cameras_camera_recording"), *super().get_urls()]  # type: ignore[misc]  # as above

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*super().get_list_display(request), show_switch_to(request)]  # type: ignore[misc]  # of the admin it is mixed into

    def has_recording_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may switch recording in any of their cities."""
        return may(request, Role.OPERATOR)

    def switch_one(self, request: HttpRequest, camera_id: UUID) -> HttpResponse:
        """Switch one camera to what `on` says (1 or 0) and go back to the list."""
        camera: Camera | None = self.get_object(request, str(camera_id))  # type: ignore[attr-defined]  # of the admin it is mixed into
        if camera is None:
            raise Http404
        if not may(request, Role.OPERATOR, camera.city_id):
            raise PermissionDenied
        wanted = request.POST.get("on")
        if wanted not in {"0", "1"}:
            message = "on must be 0 or 1"
            raise BadRequest(message)
        if not self._switch([camera], request, on=wanted == "1"):
            return return_to_page(request)
        text = _("Recording of %(camera)s is on.") if wanted == "1" else _("Recording of %(camera)s is off.")
        messages.success(request, text % {"camera": camera.name})
        return return_to_page(request)

    @admin.action(description=_("Switch recording on"), permissions=["recording"])
    def switch_recording_on(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        """Switch recording on for the chosen cameras that the caller may operate."""
        allowed = operated_by(request, queryset)
        count = self._switch(allowed, request, on=True)
        text = ngettext("Recording of %(count)d camera is on.", "Recording of %(count)d cameras is on.", count)
        messages.success(request, text % {"count": count})
        tell_refused(request, queryset.count() - len(allowed))

    @admin.action(description=_("Switch recording off"), permissions=["recording"])
    def switch_recording_off(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        """Switch recording off for the chosen cameras that the caller may operate."""
        count = self._switch(operated_by(request, queryset), request, on=False)
        text = ngettext("Recording of %(count)d camera is off.", "Recording of %(count)d cameras is off.", count)
        messages.success(request, text % {"count": count})
        tell_refused(request, queryset.count() - count)

    def _switch(self, cameras: list[Camera], request: HttpRequest, *, on: bool) -> int:
        """Switch these cameras, say which were refused and why, and give how many were switched."""
        assert isinstance(request.user, User)  # noqa: S101 -- the admin lets nobody else in
        done = switch_many(cameras, on=on, by=request.user, now=timezone.now())
        text = gettext("Recording switched on.") if on else gettext("Recording switched off.")
        for camera in done.cameras:
            self.log_change(request, camera, text)  # type: ignore[attr-defined]  # of the admin it is mixed into
        for refusal in done.refusals:
            messages.error(request, gettext(refusal))
        return len(done.cameras)


def show_switch_to(request: HttpRequest) -> Callable[[Camera], SafeString]:
    """Give the column with the switch as this caller may use it; viewers see the state in words."""

    @column(_("recording"), ordering="recording_enabled")
    def recording_switch(camera: Camera) -> SafeString:
        context = {
            "camera": camera,
            "may_switch": may(request, Role.OPERATOR, camera.city_id),
            "url": reverse("admin:cameras_camera_recording", args=[camera.pk]),
        }
        return render_to_string("recording/admin_switch.html", context)

    return recording_switch


@admin.register(RecordingSession)
class RecordingSessionAdmin(LookOnly, CityScopedAdmin):
    """When recording was wanted, and who wanted it: history that nobody edits."""

    list_display = ["camera", "city", "status_shown", "started_at", "ended_at", "started_by", "ended_by"]
    list_filter = [CityFilter, "status"]
    list_select_related = ["camera", "city", "started_by", "ended_by"]
    search_fields = ["camera__name", "stream_id"]
    date_hierarchy = "started_at"
    show_full_result_count = False

    @column(_("status"), ordering="status", label={"ON": "danger", "OFF": ""})
    def status_shown(self, session: RecordingSession) -> Labelled:
        """Whether it is open, as a coloured label."""
        return Labelled(session.status, str(RecordingStatus(session.status).label))


@admin.register(Segment)
class SegmentAdmin(LookOnly, LongList, CityScopedAdmin):
    """The footage that exists: what the index says of each file."""

    list_display = [
        *("camera", "city", "start", "end", "state_shown", "size_shown", "recovered_shown", "damage"),
        *("deletion_attempts", "deletion_error"),
    ]
    list_filter = [("start", DaysFilter), CityFilter, "state", "is_recovered"]
    list_select_related = ["camera", "city"]
    search_fields = ["camera__name", "file"]
    ordering = ["-start"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        rows: QuerySet[Segment] = super().get_queryset(request)
        return rows.defer("fragments", "activity", "holes")

    def is_short(self, request: HttpRequest) -> bool:
        """What is not simply there is little, and lies in indexes of its own: trouble is shown however old it is."""
        return request.GET.get("state__exact") in {SegmentState.OPEN, SegmentState.DAMAGED, SegmentState.DELETING}

    @column(_("state"), ordering="state", label={"open": "info", "ready": "success", "damaged": "danger"})
    def state_shown(self, segment: Segment) -> Labelled:
        """What can be done with it, as a coloured label."""
        return Labelled(segment.state, str(SegmentState(segment.state).label))

    @column(_("size"), ordering="size")
    def size_shown(self, segment: Segment) -> str:
        """Its bytes, in a unit that can be read."""
        return str(filesizeformat(segment.size))

    @column(_("recovered"), ordering="is_recovered", label={"yes": "info"})
    def recovered_shown(self, segment: Segment) -> Labelled | str:
        """A word where its writer ended without closing it: what is usual is no red mark."""
        return Labelled("yes", gettext("recovered")) if segment.is_recovered else "–"
