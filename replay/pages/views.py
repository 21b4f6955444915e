"""The page of a camera, live and played back, and the page of several cameras played back on one clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from cameras.models import Camera, CameraState
from cameras.search import read_search
from cameras.words import describe_recording, describe_state
from cities.access import Access
from cities.models import Role
from cities.pages import access_at, frame_of, protect_page
from cities.queries import role_reaches
from recording.models import GapCause
from replay.pages.queries import MOST_TOGETHER, find_oldest_footage, find_player_camera, list_chosen, list_offered
from streams.access.services import note_live_view
from streams.live import find_live_player, find_player_script
from streams.words import describe_problem


@dataclass(frozen=True)
class Place:
    """A camera on the page of several: its name, and the address of the page without it."""

    id: str
    name: str
    location: str
    without: str


@require_safe
@login_required
def show_camera(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """Show a camera live, or at the moment that `?at=` names."""
    access = access_at(request)
    if access is None:
        return redirect("/")
    camera = find_player_camera(camera_id)
    if camera is None:
        raise Http404
    now = timezone.now()
    if camera.is_online and "at" not in request.GET:
        note_live_view(access, [camera], now=now)
    context = _page_context(request, access) | _describe_camera(camera, ZoneInfo(access.city.time_zone), now)
    server = camera.media_server
    page = render(request, "replay/camera.html", context)
    media_urls = [server.public_hls_url, server.public_webrtc_url]
    return protect_page(page, media_urls=media_urls, script_urls=[find_live_player(camera)])


@require_safe
@login_required
def show_together(request: HttpRequest) -> HttpResponse:
    """Show the cameras that `?camera=` names, nine at most, on one clock, and others to add."""
    access = access_at(request)
    if access is None:
        return redirect("/")
    chosen, text = list_chosen(request.GET.getlist("camera")), read_search(request.GET).text
    is_full = len(chosen) >= MOST_TOGETHER
    context = _page_context(request, access) | {
        "places": [_make_place(camera, chosen) for camera in chosen],
        "offered": [] if is_full else [(camera, _address(chosen, camera)) for camera in list_offered(text, chosen)],
        "is_full": is_full,
        "most": MOST_TOGETHER,
        "text": text,
        "timeline_url": reverse("api-timelines"),
    }
    return protect_page(render(request, "replay/together.html", context))


def _describe_camera(camera: Camera, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    oldest = find_oldest_footage(camera)
    return {
        "camera": camera,
        "state": str(camera.state.value),
        "state_text": describe_state(camera, zone=zone, now=now),
        "problem": "" if camera.state == CameraState.ONLINE else describe_problem(camera, now),
        "recording_text": describe_recording(camera),
        "oldest_text": date_format(oldest.astimezone(zone), "DATETIME_FORMAT") if oldest else "",
        "live_player_url": find_live_player(camera),
    }


def _make_place(camera: Camera, chosen: list[Camera]) -> Place:
    without = [each for each in chosen if each.pk != camera.pk]
    return Place(str(camera.pk), camera.name, camera.location, _address(without))


def _address(chosen: list[Camera], more: Camera | None = None) -> str:
    cameras = [*chosen, more] if more else chosen
    return f"{reverse('replay')}?{urlencode([('camera', str(camera.pk)) for camera in cameras])}"


def _page_context(request: HttpRequest, access: Access) -> dict[str, Any]:
    return frame_of(request) | {
        "player_url": find_player_script(),
        "may_hold": role_reaches(access.role, Role.OPERATOR),
        "causes": GapCause.choices,
    }
