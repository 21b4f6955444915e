"""The API of played footage: what there is, and the playlist that plays it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from cities.errors import NotThere
from cities.models import User
from cities.negotiation import AnyAnswer
from cities.permissions import access_of
from cities.problems import CONTENT_TYPE, describe_problem
from cities.throttling import FLOOD
from recording.gaps.asking import read_moment
from recording.gaps.spans import Span
from replay.asking import read_cameras, read_playback, read_range, read_resolution, spell_moment
from replay.forms import read_form
from replay.parameters import AT, CAMERA_IDS, FORM, FROM, PLAYBACK, RESOLUTION, TO, answers
from replay.playlists import NoFootage, Wish, make_playlist
from replay.services import note_footage_view
from replay.throttling import FootageThrottle
from replay.timeline import read_timelines

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


class CameraTimelineSerializer(serializers.Serializer[Any]):
    """What a timeline shows of a camera; moments are milliseconds since 1970."""

    spans = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="[start, end] of what can be replayed; what is no more than 2 s apart is one.",
    )
    gaps = serializers.ListField(
        child=serializers.ListField(),
        help_text="[start, end, cause] of what is missing; the end is null while it lasts.",
    )
    holds = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="[start, end] of what is held."
    )
    activity = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=100),
        help_text="How much moved, by bucket of `resolution` seconds from `from` on; empty where it is not known.",
    )
    events = serializers.ListField(child=serializers.ListField())
    codecs = serializers.ListField(
        child=serializers.CharField(), help_text="Those of the last footage of the time, as RFC 6381 spells them."
    )


class _TimeSerializer(serializers.Serializer[Any]):
    """The time that was asked for."""

    resolution = serializers.IntegerField(help_text="Seconds of a bucket of activity.")
    now = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the names that are words of Python."""
        return {"from": serializers.DateTimeField(), "to": serializers.DateTimeField(), **super().get_fields()}


class TimelineSerializer(_TimeSerializer, CameraTimelineSerializer):
    """The timeline of a camera."""

    camera_id = serializers.UUIDField()


class TimelinesSerializer(_TimeSerializer):
    """The timelines of several cameras on one clock."""

    cameras = serializers.DictField(child=CameraTimelineSerializer(), help_text="By the camera's id.")


@extend_schema(tags=["Recording"])
class TimelineView(APIView):
    """Timeline of a camera."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="read_timeline",
        summary="What a timeline shows of a camera",
        parameters=[FROM, TO, RESOLUTION],
        responses=answers(TimelineSerializer),
    )
    def get(self, request: Request, camera_id: UUID) -> HttpResponse:
        """Gives what can be replayed, what is missing and why, what is held, and how much moved."""
        now = timezone.now()
        window = read_range(request.query_params, now)
        resolution = read_resolution(request.query_params, window)
        found = read_timelines([camera_id], window, resolution, now).get(camera_id)
        if found is None:
            raise NotThere(f"no camera {camera_id}")
        return _json(f'{{"camera_id":"{camera_id}",{_spell_time(window, resolution, now)},{found.spell()}}}')


@extend_schema(tags=["Recording"])
class TimelinesView(APIView):
    """Timelines of several cameras."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="list_timelines",
        summary="The timelines of several cameras",
        parameters=[CAMERA_IDS, FROM, TO, RESOLUTION],
        responses=answers(TimelinesSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        """Gives the timelines of up to nine cameras; one that is not there is left out, and where none is: a 404."""
        now = timezone.now()
        cameras, window = read_cameras(request.query_params), read_range(request.query_params, now)
        resolution = read_resolution(request.query_params, window)
        found = read_timelines(cameras, window, resolution, now)
        if not found:
            raise NotThere("none of the cameras")
        each = ",".join(f'"{camera_id}":{{{found[camera_id].spell()}}}' for camera_id in cameras if camera_id in found)
        return _json(f'{{"cameras":{{{each}}},{_spell_time(window, resolution, now)}}}')


@extend_schema(tags=["Recording"])
class PlaylistView(APIView):
    """Playlist of a camera's footage."""

    content_negotiation_class = AnyAnswer
    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="read_playlist",
        summary="The playlist (HLS) of a camera's footage",
        parameters=[FROM, TO, FORM, PLAYBACK, AT],
        responses={(200, PLAYLIST_TYPE): OpenApiTypes.STR, 429: FLOOD},
    )
    def get(self, request: Request, camera_id: UUID) -> HttpResponse:
        """Gives byte ranges of the files as they lie on disk, 25 hours at most; without `to` it goes on growing.

        The addresses in it are the caller's own and last ten minutes. Where there is no footage the problem says in
        `next` where it goes on.
        """
        now = timezone.now()
        access = access_of(request)
        wish = _read_wish(request.query_params, camera_id, access.user, now)
        try:
            pieces = make_playlist(wish, now)
        except NoFootage as error:
            return _json(_describe_no_footage(error), status=404, content_type=CONTENT_TYPE)
        note_footage_view(access, camera_id, wish.window, now=now)
        return _give_pieces(pieces)


def _read_wish(asked: Mapping[str, str], camera_id: UUID, user: User, now: datetime) -> Wish:
    return Wish(
        camera_id,
        read_range(asked, now),
        user,
        grows=not asked.get("to"),
        form=read_form(asked),
        playback=read_playback(asked),
        at=read_moment(asked, "at"),
    )


def _give_pieces(pieces: Sequence[bytes]) -> HttpResponse:
    """Answer with a text as it was written, in pieces: to have it in one copies megabytes."""
    response = HttpResponse(pieces[0], content_type=PLAYLIST_TYPE)
    for piece in pieces[1:]:
        response.write(piece)
    response["Content-Length"] = str(sum(map(len, pieces)))  # Django would join them to know
    return response


def _spell_time(window: Span, resolution: int, now: datetime) -> str:
    begin, end = spell_moment(window.start), spell_moment(window.end)
    return f'"from":"{begin}","to":"{end}","resolution":{resolution},"now":"{spell_moment(now)}"'


def _describe_no_footage(error: NoFootage) -> str:
    following = spell_moment(error.following) if error.following else None
    return json.dumps(describe_problem(404, error.message) | {"next": following})


def _json(text: str, *, status: int = 200, content_type: str = "application/json") -> HttpResponse:
    return HttpResponse(text, status=status, content_type=content_type)
