"""What we know of a camera's picture, said in the reader's language and the city's own time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cameras.models import Camera, CameraState, MediaServer
from cameras.search import last_seen


def describe_state(camera: Camera, *, zone: ZoneInfo, now: datetime) -> str:
    """Give the state with the moment that matters for it; wants `media_server` loaded."""
    if camera.state == CameraState.UNKNOWN:
        return _describe_unknown(camera.media_server, zone, now)
    if camera.state == CameraState.ONLINE:
        return _("Online")
    seen = last_seen(camera)
    if seen is None:
        return _("Offline · never seen")
    return _("Offline · last seen %(moment)s") % {"moment": say_moment(seen, zone=zone, now=now)}


def say_moment(moment: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """Give a moment in the city's time: the clock alone today, with its date on any other day."""
    local = moment.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return date_format(local, "H:i:s" if same_day else "j M Y H:i", use_l10n=False)


def describe_recording(camera: Camera) -> str:
    """Say whether recording is wished, and whether a picture is there to record."""
    if not camera.recording_enabled:
        return _("Recording off")
    if camera.state == CameraState.ONLINE:
        return _("Recording on")
    if camera.state == CameraState.OFFLINE:
        return _("Recording on, no picture")
    return _("Recording on, not confirmed")


def _describe_unknown(server: MediaServer, zone: ZoneInfo, now: datetime) -> str:
    if server.reach == MediaServer.Reach.UNKNOWN or server.reach_changed_at is None:
        return _("Unknown · not checked yet")
    return _("Unknown since %(moment)s") % {"moment": say_moment(server.reach_changed_at, zone=zone, now=now)}
