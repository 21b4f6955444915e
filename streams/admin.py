"""What streams add to the administration of cameras: state, reason in words, and start and stop for several at once."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cameras.models import Camera, CameraState
from cities.admin import Labelled, column, may, staff_member
from cities.models import Role
from streams.live import publish_url as publish_url_of
from streams.models import StreamState
from streams.services import drop_stream, wish_stream
from streams.words import describe_problem, stream_of

_COLOURS = {
    StreamState.LIVE.value: "success",
    StreamState.STARTING.value: "info",
    StreamState.RETRYING.value: "danger",
    StreamState.STOPPED.value: "",
    "itself": "",
}


class StreamColumns:
    """Mixed into the camera admin; wants `stream` and `media_server` loaded."""

    actions = ["start_streams", "stop_streams"]

    def has_stream_permission(self, request: HttpRequest) -> bool:
        """Whether the caller may start and stop streams in any of their cities."""
        return may(request, Role.OPERATOR)

    @column(_("stream"), label=_COLOURS)
    def stream_state(self, camera: Camera) -> Labelled:
        """Where our ingest stands with it."""
        if camera.publishes_by_itself:
            return Labelled("itself", str(_("publishes by itself")))
        stream = stream_of(camera)
        if stream is None or not stream.wished:
            return Labelled(StreamState.STOPPED.value, str(_("switched off")))
        return Labelled(stream.state, str(StreamState(stream.state).label))

    @column(_("last problem"))
    def stream_problem(self, camera: Camera) -> str:
        """Why no picture comes in, in words."""
        return "" if camera.state == CameraState.ONLINE else describe_problem(camera, timezone.now())

    @column(_("address to publish to"))
    def publish_url(self, camera: Camera) -> str:
        """Where a camera that publishes by itself sends its picture."""
        return publish_url_of(camera)

    @admin.action(description=_("Start streams"), permissions=["stream"])
    def start_streams(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        """Wish the streams of the chosen cameras that the caller may operate."""
        allowed = operated_by(request, queryset)
        for camera in allowed:
            wish_stream(camera, by=staff_member(request), now=timezone.now())
        text = ngettext("%(count)d stream is wished.", "%(count)d streams are wished.", len(allowed))
        messages.success(request, text % {"count": len(allowed)})
        tell_refused(request, queryset.count() - len(allowed))

    @admin.action(description=_("Stop streams"), permissions=["stream"])
    def stop_streams(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        """Drop the wish for the streams of the chosen cameras that the caller may operate."""
        allowed = operated_by(request, queryset)
        for camera in allowed:
            drop_stream(camera, by=staff_member(request), now=timezone.now())
        text = ngettext("%(count)d stream is stopped.", "%(count)d streams are stopped.", len(allowed))
        messages.success(request, text % {"count": len(allowed)})
        tell_refused(request, queryset.count() - len(allowed))


def tell_refused(request: HttpRequest, count: int) -> None:
    """Say how many of the chosen cameras were left alone because of the caller's role."""
    if count:
        text = ngettext(
            "%(count)d camera was left as it is: your role in its city does not allow this.",
            "%(count)d cameras were left as they are: your role in their city does not allow this.",
            count,
        )
        messages.warning(request, text % {"count": count})


def operated_by(request: HttpRequest, cameras: QuerySet[Camera]) -> list[Camera]:
    """Give those of the cameras whose streams and recording the caller may switch."""
    return [camera for camera in cameras if may(request, Role.OPERATOR, camera.city_id)]
