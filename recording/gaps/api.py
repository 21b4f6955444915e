"""The API of footage, gaps and coverage: what can be replayed, what cannot and why, and how much that is."""

import time
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.models import Camera
from cameras.queries import find_camera
from cities.pagination import Pages
from cities.permissions import access_of
from cities.throttling import FLOOD, Buckets
from recording.gaps.asking import check_window, read_cause, read_moment, read_unit, read_window
from recording.gaps.coverage import CameraCoverage, list_covered_cameras, measure_coverage
from recording.gaps.footage import FootageSpan, cut_at_holes, list_footage_spans
from recording.gaps.periods import Measured, Period, Unit, list_periods
from recording.gaps.queries import list_gaps
from recording.gaps.spans import Span
from recording.gaps.table import write_table
from recording.models import Gap, GapCause

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_SPANS = 2000
MEASURED = Buckets(burst=50_000, rate=4_000)
"""Periods of cameras, each of which takes 0.05 to 0.1 ms of the processor: a year of 2,000 cameras is 40 s of it."""


def _moment(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATETIME, description=f"{text} With its time zone.")


FROM, TO = _moment("from", "Where the time begins."), _moment("to", "Where it ends; now where it is left out.")
BY = OpenApiParameter(
    "by", enum=[unit.value for unit in Unit], description="Days or months of the city's own calendar."
)
CAUSE = OpenApiParameter("cause", enum=GapCause.values, description="Only gaps of this cause.")


class FootageSpanSerializer(serializers.Serializer[FootageSpan]):
    """A stretch of footage that may be replayed."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField(
        help_text="The end of the last whole fragment, or of the recording session, or where pictures are missing."
    )
    segment_start = serializers.DateTimeField(help_text="With the camera it names the segment it is a part of.")
    state = serializers.ChoiceField(choices=["open", "ready"], help_text="`open` while it grows.")


class FootageSerializer(serializers.Serializer[Any]):
    """A page of footage."""

    results = FootageSpanSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of what follows, where there is more.")
    previous = serializers.CharField(allow_null=True)


class GapSerializer(serializers.Serializer[Gap]):
    """A stretch in which recording was wished and no footage is kept."""

    camera_id = serializers.UUIDField()
    camera = serializers.CharField(source="camera.name")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True, help_text="null while it lasts.")
    cause = serializers.ChoiceField(choices=GapCause.choices)


class MeasuredSerializer(serializers.Serializer[Any]):
    """Wished time, and what there is and is not of it."""

    wished_seconds = serializers.FloatField()
    covered_seconds = serializers.FloatField()
    percent = serializers.FloatField(
        allow_null=True, help_text="Covered in percent of wished, cut after two digits; null where nothing was wished."
    )
    recorded_percent = serializers.FloatField(
        allow_null=True, help_text="The same, counting in what was recorded and then deleted by a rule."
    )
    missing_seconds = serializers.DictField(
        child=serializers.FloatField(), help_text="Missing seconds by cause, where there are any."
    )


class PeriodSerializer(MeasuredSerializer):
    """Coverage of a day or a month of the city."""

    period = serializers.CharField(help_text="2026-11-03, or 2026-11.")
    start = serializers.DateTimeField(help_text="A day has 23 or 25 hours where the clocks change.")
    end = serializers.DateTimeField()


class CoverageSerializer(MeasuredSerializer):
    """Coverage of a camera."""

    camera_id = serializers.UUIDField()
    camera = serializers.CharField()
    periods = PeriodSerializer(many=True)


class GapPages(Pages):
    """The newest first."""

    ordering = ("-start", "-id")


class CoveragePages(Pages):
    """By the camera's name, which is unique in a city."""

    ordering = ("name", "id")
    max_page_size = 200


@extend_schema(tags=["Recording"])
class FootageView(APIView):
    """Footage of a camera."""

    @extend_schema(
        operation_id="list_footage",
        summary="What can be replayed of a camera",
        parameters=[FROM, TO],
        responses=FootageSerializer,
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Lists the footage within recording sessions, oldest first; of the last day where no time is given."""
        camera = find_camera(camera_id)
        window = read_window(request.query_params, timezone.now(), DAY)
        spans = list_footage_spans(camera, window.start, window.end, most=MOST_SPANS + 1)
        following = None
        if len(spans) > MOST_SPANS:
            rest = urlencode({"from": spans.pop().start.isoformat(), "to": window.end.isoformat()})
            following = request.build_absolute_uri(f"{request.path}?{rest}")
        shown = cut_at_holes(camera, spans)
        return Response(FootageSerializer({"results": shown, "next": following, "previous": None}).data)


class _GapList(GenericAPIView[Gap]):
    """What both lists of gaps share."""

    serializer_class = GapSerializer
    pagination_class = GapPages

    def get_queryset(self) -> QuerySet[Gap]:
        """Give what the lists show; the browsable API asks for it."""
        return list_gaps()

    def _answer(self, gaps: QuerySet[Gap]) -> Response:
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(gaps), many=True).data)


@extend_schema(tags=["Recording"])
class GapsView(_GapList):
    """Gaps of the city."""

    @extend_schema(
        operation_id="list_gaps",
        summary="What is missing in the city, and why",
        parameters=[FROM, TO, CAUSE],
        responses=GapSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Lists the gaps that touch the time, the newest first; all of them where no time is given."""
        return self._answer(_find_gaps(request, None))


@extend_schema(tags=["Recording"])
class CameraGapsView(_GapList):
    """Gaps of a camera."""

    @extend_schema(
        operation_id="list_gaps_of_camera",
        summary="What is missing of a camera, and why",
        parameters=[FROM, TO, CAUSE],
        responses=GapSerializer(many=True),
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Lists the camera's gaps that touch the time, the newest first."""
        return self._answer(_find_gaps(request, find_camera(camera_id)))


@extend_schema(tags=["Recording"])
class CameraCoverageView(APIView):
    """Coverage of a camera."""

    @extend_schema(
        operation_id="read_coverage",
        summary="How much of a camera's wished time is covered",
        parameters=[FROM, TO, BY],
        responses={200: CoverageSerializer, 429: FLOOD},
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Measures the coverage, of the last seven days where no time is given."""
        camera = find_camera(camera_id)
        periods = _read_periods(request)
        (found,) = _measure(request, [camera], periods)
        return Response(CoverageSerializer(_describe(found, periods)).data)


@extend_schema(tags=["Recording"])
class CoverageView(GenericAPIView[Camera]):
    """Coverage of the city's cameras."""

    serializer_class = CoverageSerializer
    pagination_class = CoveragePages

    def get_queryset(self) -> QuerySet[Camera]:
        """Give whose coverage the list shows; the browsable API asks for it."""
        return Camera.objects.all()

    @extend_schema(
        operation_id="list_coverage",
        summary="How much of the wished time is covered, by camera",
        parameters=[FROM, TO, BY],
        responses={200: CoverageSerializer(many=True), 429: FLOOD},
    )
    def get(self, request: Request) -> Response:
        """Measures the coverage of each camera, by name; of the last seven days where no time is given."""
        periods = _read_periods(request)
        cameras = self.paginate_queryset(_cameras_within(periods))
        found = _measure(request, cameras or [], periods)
        rows = [_describe(each, periods) for each in found]
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


@extend_schema(tags=["Recording"])
class CoverageTableView(APIView):
    """Coverage as a table."""

    @extend_schema(
        operation_id="download_coverage",
        summary="The same as a table (CSV)",
        parameters=[FROM, TO, BY],
        responses={(200, "text/csv"): OpenApiTypes.STR, 429: FLOOD},
    )
    def get(self, request: Request) -> HttpResponse:
        """Gives a line for each camera and day or month, of all cameras at once."""
        periods = _read_periods(request)
        found = _measure(request, list(_cameras_within(periods)), periods)
        response = HttpResponse(write_table(found, periods), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="coverage.csv"'
        return response


def _measure(request: Request, cameras: Sequence[Camera], periods: Sequence[Period]) -> list[CameraCoverage]:
    wait = MEASURED.take(access_of(request).user.pk, time.monotonic(), len(cameras) * len(periods))
    if wait:
        raise Throttled(ceil(wait))
    return measure_coverage(cameras, periods, timezone.now())


def _find_gaps(request: Request, camera: Camera | None) -> QuerySet[Gap]:
    asked = request.query_params
    given = {name: moment for name in ("from", "to") if (moment := read_moment(asked, name))}
    if len(given) == 2:
        check_window(given["from"], given["to"])
    cause, gaps = read_cause(asked), list_gaps(camera=camera, window=given)
    return gaps.filter(cause=cause) if cause else gaps


def _read_periods(request: Request) -> list[Period]:
    window = read_window(request.query_params, timezone.now(), WEEK)
    zone = ZoneInfo(access_of(request).city.time_zone)
    return list_periods(window, zone, read_unit(request.query_params))


def _cameras_within(periods: list[Period]) -> QuerySet[Camera]:
    return list_covered_cameras(Span(periods[0].span.start, periods[-1].span.end))


def _describe(found: CameraCoverage, periods: list[Period]) -> dict[str, Any]:
    by_period = [
        {"period": period.label, "start": period.span.start, "end": period.span.end} | _describe_measured(measured)
        for period, measured in zip(periods, found.by_period, strict=True)
    ]
    camera = {"camera_id": found.camera.pk, "camera": found.camera.name}
    return camera | _describe_measured(found.total) | {"periods": by_period}


def _describe_measured(measured: Measured) -> dict[str, Any]:
    return {
        "wished_seconds": measured.wished.total_seconds(),
        "covered_seconds": measured.covered.total_seconds(),
        "percent": measured.percent,
        "recorded_percent": measured.recorded_percent,
        "missing_seconds": {cause.value: each.total_seconds() for cause, each in sorted(measured.missing.items())},
    }
