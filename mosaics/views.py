"""The first page: a wall of the city's cameras with live pictures, states and recording switches."""

from dataclasses import asdict
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_POST, require_safe

from cameras.groups.queries import list_group_names
from cameras.queries import find_camera
from cameras.search import CameraSearch, read_search
from cities.access import Access
from cities.errors import Conflict, NotThere
from cities.models import City, Role
from cities.pages import access_at, frame_of, protect_page, query_without_page, read_switch, return_to_page
from cities.queries import role_reaches
from mosaics.cards import Card, describe_notices, make_card
from mosaics.layouts import MOST_TILES
from mosaics.pages import Shown, choose_shown, describe_bar, read_ids
from mosaics.queries import (
    WallCounts,
    count_cameras,
    list_cameras,
    list_media_origins,
    list_mosaics,
    shows_all,
)
from observers.alarms.queries import count_open_alarms
from recording.services import switch_recording
from streams.access.services import give_live_token, note_live_view
from streams.live import find_player_script, live_urls


@require_safe
@login_required
def show_wall(request: HttpRequest) -> HttpResponse:
    """Show a page of cards, or what to do next where there are none."""
    access = access_at(request)
    if access is None:
        context = frame_of(request) | {"is_there_a_city": City.objects.exists()}
        return protect_page(render(request, "mosaics/no_city.html", context))
    wanted = read_search(request.GET)
    try:
        shown = choose_shown(request.GET.dict(), wanted)
    except NotThere:
        messages.warning(request, _("This mosaic is not there any more."))
        return redirect("wall")
    note_live_view(access, [camera for _, camera in shown.placed], now=timezone.now())
    response = render(request, "mosaics/wall.html", _describe_wall(request, access, shown, wanted))
    origins = list_media_origins()
    return protect_page(response, media_urls=origins, script_urls=() if find_player_script() else origins)


def _describe_wall(request: HttpRequest, access: Access, shown: Shown, wanted: CameraSearch) -> dict[str, Any]:
    zone, now, counts = ZoneInfo(access.city.time_zone), timezone.now(), count_cameras()
    return frame_of(request) | {
        "placed": [(place, make_card(camera, zone=zone, now=now)) for place, camera in shown.placed],
        "page": shown.page,
        "mosaic": shown.mosaic,
        "kept": shown.mosaic if shown.mosaic and shows_all(shown.mosaic) else None,
        "mosaics": list(list_mosaics()),
        "cut_off": shown.is_cut_off,
        "wanted": wanted,
        "groups": list_group_names(),
        "searching": wanted != CameraSearch(),
        "counts": counts,
        "notices": describe_notices(counts, zone=zone, now=now),
        "open_alarms": count_open_alarms(access.city.pk) if access.user.is_staff else 0,
        "may_switch": role_reaches(access.role, Role.OPERATOR),
        "may_save": role_reaches(access.role, Role.OPERATOR),
        "may_add": role_reaches(access.role, Role.MANAGER) and access.cameras is None,
        "query_without_page": query_without_page(request),
        "here": request.get_full_path(),
        **describe_bar(shown, request.GET.dict()),
    }


@require_safe
def show_cards(request: HttpRequest) -> HttpResponse:
    """Give a script the cards of the cameras `?ids=`, as the wall's page has them; others are left out."""
    access = access_at(request)
    if access is None:
        return _refuse_without_city(request)
    cameras = list_cameras(read_ids(request.GET.get("ids", ""), MOST_TILES))
    cards = [make_card(camera, zone=ZoneInfo(access.city.time_zone), now=timezone.now()) for camera in cameras]
    note_live_view(access, cameras, now=timezone.now())
    context = {"cards": cards, "may_switch": role_reaches(access.role, Role.OPERATOR), "here": "/"}
    return protect_page(render(request, "mosaics/cards.html", context))


@require_safe
@conditional_page
def show_states(request: HttpRequest) -> HttpResponse:
    """Give what may have changed of the cameras `?ids=` and of all counts; 304 while nothing did.

    Ids of other cities or of nothing are left out without a word.
    """
    access = access_at(request)
    if access is None:
        return _refuse_without_city(request)
    zone, now = ZoneInfo(access.city.time_zone), timezone.now()
    counts = count_cameras()
    cards = [
        make_card(camera, zone=zone, now=now)
        for camera in list_cameras(read_ids(request.GET.get("ids", ""), MOST_TILES))
    ]
    response = JsonResponse(
        {
            "city": str(access.city.pk),
            "notices": describe_notices(counts, zone=zone, now=now),
            "counts": _counts_shown(counts),
            "cameras": {card.id: card.as_state() for card in cards},
        }
    )
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def give_live_address(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """Give a script the addresses of a camera's live picture, good for beginning to watch within two minutes."""
    access = access_at(request)
    if access is None:
        return _refuse_without_city(request)
    try:
        camera = find_camera(camera_id)
    except NotThere as error:
        raise Http404 from error
    note_live_view(access, [camera], now=timezone.now())
    addresses = live_urls(camera, token=give_live_token(camera, access.user, now=timezone.now()))
    response = JsonResponse({"hls_url": addresses.hls, "webrtc_url": addresses.webrtc})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def switch_camera_recording(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    """Switch a camera's recording to what `on` says (1 or 0): a script gets the new state, a form its page again."""
    access, by_script = access_at(request), "application/json" in request.headers.get("Accept", "")
    if access is None:
        return _refuse_without_city(request) if by_script or request.user.is_authenticated else return_to_page(request)
    try:
        card = _switch(access, camera_id, on=read_switch(request))
    except Conflict as refused:
        return _refuse_switch(request, gettext(refused.message), by_script=by_script)
    if by_script:
        return JsonResponse(card.as_state())
    text = _("Recording of %(camera)s is on.") if card.recording else _("Recording of %(camera)s is off.")
    messages.success(request, text % {"camera": card.name})
    return return_to_page(request)


def _switch(access: Access, camera_id: UUID, *, on: bool) -> Card:
    try:
        camera = find_camera(camera_id)
        if not role_reaches(access.role, Role.OPERATOR):
            raise PermissionDenied
        switch_recording(camera, on=on, by=access.user, now=timezone.now())
        camera = find_camera(camera_id)
    except NotThere as error:
        raise Http404 from error
    return make_card(camera, zone=ZoneInfo(access.city.time_zone), now=timezone.now())


def _refuse_switch(request: HttpRequest, text: str, *, by_script: bool) -> HttpResponse:
    if by_script:
        return JsonResponse({"detail": text}, status=409)
    messages.error(request, text)
    return return_to_page(request)


def _counts_shown(counts: WallCounts) -> dict[str, int]:
    shown = ("total", "online", "offline", "unknown", "recording")
    return {key: value for key, value in asdict(counts).items() if key in shown}


def _refuse_without_city(request: HttpRequest) -> HttpResponse:
    """Tell a script whether the person is signed out, or has no city at hand, or none any more."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return JsonResponse({"detail": _("You are signed out. Sign in again.")}, status=401)
