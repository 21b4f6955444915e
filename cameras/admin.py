"""Administration of cameras and media servers; the rooms above add their columns and switches in vms/admin.py."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from cameras.models import Camera, CameraState, MediaServer
from cameras.queries import cameras_in_scope
from cameras.services import add_camera, change_camera, remove_camera
from cameras.words import describe_state
from cities.admin import CityFilter, CityScopedAdmin, Labelled, PlatformAdmin, column, staff_member
from cities.errors import VMSError
from cities.models import User
from ffmpeg.failures import redact_typed

_COLOURS = {"online": "success", "offline": "danger", "unknown": "warning"}
_OBSERVED = ["state_shown", "stream_id", "has_credentials", "last_seen_at", "created_at"]


class SourceInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold ships no types
    """The source address; one that was refused comes back without what was secret in it."""

    def format_value(self, value: Any) -> Any:
        shown = super().format_value(value)
        return None if shown is None else redact_typed(str(shown))


class CameraForm(forms.ModelForm[Camera]):
    """A camera as its services take it: what they refuse stands at the field that is wrong."""

    class Meta:
        model = Camera
        fields = ["name", "city", "location", "source_url"]
        widgets = {"source_url": SourceInput}
        help_texts = {
            "source_url": _(
                "For example rtsp://user:password@10.0.0.5/live. User name and password are stored apart and never "
                "shown again; leave the address as it is to keep them. Empty: the camera publishes by itself."
            ),
        }

    by: User | None = None
    """Who fills it in; the admin says."""

    def _post_clean(self) -> None:
        """Add or change the camera instead of filling the row by hand; the admin's transaction covers it."""
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self._add_or_change()
        except VMSError as refused:
            self.add_error(refused.field if refused.field in self.fields else None, gettext(refused.message))

    def _add_or_change(self) -> Camera:
        given = {key: self.cleaned_data[key] for key in ("name", "location", "source_url") if key in self.cleaned_data}
        if self.instance.pk and not self.instance._state.adding:  # noqa: SLF001 -- Django's documented mark of a new row
            return change_camera(self.instance, **given, by=self.by, now=timezone.now())
        return add_camera(self.cleaned_data["city"], **given, by=self.by, now=timezone.now())

    def save(self, commit: bool = True) -> Camera:  # noqa: ARG002, FBT001, FBT002 -- Django's signature
        """Give the camera, which is saved already."""
        return self.instance

    def save_m2m(self) -> None:
        """A camera has no many-to-many fields."""


class StateFilter(admin.SimpleListFilter):
    """Online, offline or unknown, as the list shows them."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 -- Django's signature
        return [(state.value, str(state.label)) for state in CameraState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Camera]) -> QuerySet[Camera]:  # noqa: ARG002 -- Django's signature
        reachable = queryset.filter(media_server__reach=MediaServer.Reach.REACHABLE)
        if self.value() == CameraState.UNKNOWN:
            return queryset.exclude(media_server__reach=MediaServer.Reach.REACHABLE)
        if self.value() in {CameraState.ONLINE, CameraState.OFFLINE}:
            return reachable.filter(is_online=self.value() == CameraState.ONLINE)
        return queryset


class CameraAdmin(CityScopedAdmin):
    """Cameras that exist: members look, managers add, change and remove. Registered in vms/admin.py."""

    form = CameraForm
    exists_for_the_whole_city = True
    list_display = ["name", "city", "state_shown"]
    list_filter = [CityFilter, StateFilter, "recording_enabled"]
    list_select_related = ["city", "media_server"]
    list_filter_submit = True
    search_fields = ["name", "location"]
    search_help_text = _("Search by name or place")
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["name", "city", "location", "source_url"]}),
        (_("What is known of it"), {"fields": _OBSERVED}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Camera]:  # noqa: ARG002 -- Django's signature
        """The list's own `list_select_related` is ignored where a query set loads anything already."""
        return cameras_in_scope().select_related(*self.list_select_related)

    def get_form(self, request: HttpRequest, obj: Camera | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Let the form know who fills it in."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": staff_member(request)})

    def get_fieldsets(self, request: HttpRequest, obj: Camera | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else fieldsets[:1]

    def get_readonly_fields(self, request: HttpRequest, obj: Camera | None = None) -> Sequence[str]:  # noqa: ARG002 -- Django's signature
        """A camera never moves to another city: its footage would."""
        return ["city", *_OBSERVED] if obj else _OBSERVED

    def save_model(self, request: HttpRequest, obj: Camera, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The form's services have saved it."""

    def delete_model(self, request: HttpRequest, obj: Camera) -> None:
        remove_camera(obj, by=staff_member(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        for camera in queryset:
            remove_camera(camera, by=staff_member(request), now=timezone.now())

    def get_deleted_objects(self, objs: Iterable[Camera], request: HttpRequest) -> Any:
        """Name the cameras alone: sessions and footage stay, so nothing else goes."""
        cameras = list(objs)
        denied = [camera for camera in cameras if not self.has_delete_permission(request, camera)]
        names = [gettext("Camera: %(camera)s (its recordings stay)") % {"camera": camera.name} for camera in cameras]
        meta = Camera._meta  # noqa: SLF001 -- Django's documented model API
        missing = {str(meta.verbose_name)} if denied else set()
        return names, {str(meta.verbose_name_plural): len(cameras)}, missing, []

    @column(_("state"), ordering="is_online", label=_COLOURS)
    def state_shown(self, camera: Camera) -> Labelled:
        """The state as a coloured label with its words."""
        words = describe_state(camera, zone=ZoneInfo(camera.city.time_zone), now=timezone.now())
        return Labelled(camera.state.value, words)

    @column(_("stream"))
    def stream_id(self, camera: Camera) -> str:
        """The name of its picture in MediaMTX."""
        return camera.stream_id

    @column(_("user name or password stored"), boolean=True)
    def has_credentials(self, camera: Camera) -> bool:
        """Whether the source address has credentials, which are never shown."""
        return camera.has_credentials


@admin.register(MediaServer)
class MediaServerAdmin(PlatformAdmin):
    """Media servers, their addresses and what their observer last saw."""

    list_display = ["name", "reach_shown", "reach_changed_at", "problem", "version", "snapshot_at"]
    readonly_fields = ["reach_shown", "reach_changed_at", "problem", "version", "started", "grace_until", "snapshot_at"]

    @column(
        _("reach"),
        ordering="reach",
        label={"reachable": "success", "unreachable": "danger", "unknown": "warning"},
    )
    def reach_shown(self, server: MediaServer) -> Labelled:
        """Whether it answers, as a coloured label."""
        return Labelled(server.reach, str(MediaServer.Reach(server.reach).label))
