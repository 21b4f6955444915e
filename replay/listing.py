"""The API's lists of footage: its files in a time, and the days of a month that have any."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.queries import find_camera
from cities.errors import NotThere
from cities.permissions import access_of
from recording.states import SegmentState
from replay.asking import read_cameras, read_cursor, read_month, read_range, spell_cursor, spell_moment
from replay.days import list_days
from replay.parameters import CAMERA_IDS, CURSOR, FROM, MONTH, TO, answers
from replay.queries import Recording, list_existing, list_recordings
from replay.throttling import FootageThrottle

PAGE = 200


class RecordingSerializer(serializers.Serializer[Recording]):
    """A file of footage."""

    start = serializers.DateTimeField(help_text="Where it begins, or its recording session.")
    end = serializers.DateTimeField(help_text="Where its last whole fragment ends, or its recording session.")
    segment_start = serializers.DateTimeField(help_text="With the camera it names the segment.")
    state = serializers.ChoiceField(
        choices=[SegmentState.OPEN, SegmentState.READY, SegmentState.DAMAGED],
        help_text="`open` while it grows; of a `damaged` one nothing can be replayed.",
    )
    bytes = serializers.IntegerField()
    codecs = serializers.ListField(child=serializers.CharField(), help_text="As RFC 6381 spells them.")


class RecordingsSerializer(serializers.Serializer[Any]):
    """A page of files."""

    results = RecordingSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of what follows, where there is more.")


class DaySerializer(serializers.Serializer[Any]):
    """A day of the city that has footage; it has 23 or 25 hours where the clocks change."""

    day = serializers.DateField()
    seconds = serializers.FloatField(help_text="Seconds of footage in it.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the names that are words of Python."""
        fields = super().get_fields()
        edges = {
            "from": serializers.DateTimeField(source="span.start"),
            "to": serializers.DateTimeField(source="span.end"),
        }
        return {"day": fields["day"], **edges, "seconds": fields["seconds"]}


class MonthSerializer(serializers.Serializer[Any]):
    """A month of the city."""

    month = serializers.CharField()
    zone = serializers.CharField(help_text="The city's time zone.")


class CameraDaysSerializer(serializers.Serializer[Any]):
    """Days that have footage."""

    days = DaySerializer(many=True)


class DaysSerializer(MonthSerializer, CameraDaysSerializer):
    """A camera's days of a month that have footage."""


class DaysOfCamerasSerializer(MonthSerializer):
    """Several cameras' days of a month that have footage."""

    cameras = serializers.DictField(child=CameraDaysSerializer(), help_text="By the camera's id.")


@extend_schema(tags=["Recording"])
class RecordingsView(APIView):
    """Files of a camera's footage."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="list_recordings",
        summary="The files of a camera's footage",
        parameters=[FROM, TO, CURSOR],
        responses=answers(RecordingsSerializer),
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Lists the files that touch the time, oldest first, as far as they lie in recording sessions."""
        camera, window = find_camera(camera_id), read_range(request.query_params, timezone.now())
        after = read_cursor(request.query_params)
        found = list_recordings(camera, window.start, window.end, after=after, most=PAGE + 1)
        following = None
        if len(found) > PAGE:
            edges = {"from": spell_moment(window.start), "to": spell_moment(window.end)}
            rest = urlencode(edges | {"cursor": spell_cursor(found[PAGE - 1].segment_start)})
            following = request.build_absolute_uri(f"{request.path}?{rest}")
        return Response(RecordingsSerializer({"results": found[:PAGE], "next": following}).data)


@extend_schema(tags=["Recording"])
class CameraDaysView(APIView):
    """Days of a camera that have footage."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="list_days",
        summary="The days of a month that have footage",
        parameters=[MONTH],
        responses=answers(DaysSerializer),
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Lists the days of the city's own calendar on which the camera has footage."""
        camera = find_camera(camera_id)
        month, (days,) = _find_days(request, [camera.pk])
        return Response(DaysSerializer(month | days).data)


@extend_schema(tags=["Recording"])
class DaysView(APIView):
    """Days of several cameras that have footage."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="list_days_of_cameras",
        summary="The days of a month that have footage, of several cameras",
        parameters=[CAMERA_IDS, MONTH],
        responses=answers(DaysOfCamerasSerializer),
    )
    def get(self, request: Request) -> Response:
        """Lists the days of up to nine cameras; one that is not there is left out, and where none is: a 404."""
        asked = read_cameras(request.query_params)
        existing = list_existing(asked)
        cameras = [camera_id for camera_id in asked if camera_id in existing]
        if not cameras:
            raise NotThere("none of the cameras")
        month, found = _find_days(request, cameras)
        by_camera = {str(camera_id): days for camera_id, days in zip(cameras, found, strict=True)}
        return Response(DaysOfCamerasSerializer(month | {"cameras": by_camera}).data)


def _find_days(request: Request, cameras: Sequence[UUID]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    zone = access_of(request).city.time_zone
    first, month = read_month(request.query_params, ZoneInfo(zone))
    found = list_days(cameras, month, ZoneInfo(zone))
    return {"month": f"{first:%Y-%m}", "zone": zone}, [{"days": found.get(camera_id, [])} for camera_id in cameras]
