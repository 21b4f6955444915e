"""The API of retention: what is promised of footage, and what was deleted."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.models import Camera
from cameras.queries import find_camera
from cities.errors import NotThere
from cities.models import City, Role
from cities.pagination import Pages
from cities.permissions import access_of
from recording.models import Deletion, DeletionRecord, DeletionRule
from recording.retention.decisions import PLANS
from recording.retention.documents import write_csv, write_json_lines
from recording.retention.policies import (
    Change,
    InForce,
    drop_camera_policy,
    find_camera_policy,
    find_city_policy,
    set_camera_policy,
    set_city_policy,
)
from recording.retention.records import list_deletions

_DAY = OpenApiParameter(
    "day", OpenApiTypes.DATE, OpenApiParameter.PATH, description="A day of the city, such as 2026-01-27."
)


class PolicySerializer(serializers.Serializer[Any]):
    """What is promised of footage; days count from a segment's start. What is left out stays, null takes it away."""

    days = serializers.IntegerField(help_text="Kept at least so many days, 1 to 3650.")
    max_days = serializers.IntegerField(
        required=False, allow_null=True, help_text="Gone after so many days; null: it goes when `days` are over."
    )
    quota_bytes = serializers.IntegerField(
        required=False, allow_null=True, help_text="Beyond so many bytes the oldest goes; null: no quota."
    )


class CityRetentionSerializer(serializers.Serializer[Any]):
    """What is promised of the city's footage."""

    days = serializers.IntegerField()
    max_days = serializers.IntegerField(allow_null=True)
    quota_bytes = serializers.IntegerField(allow_null=True, help_text="All its cameras together; held bytes are apart.")
    is_default = serializers.BooleanField(help_text="Whether nobody chose anything yet.")
    plans = serializers.ListField(child=serializers.IntegerField(), help_text="Days to choose from; others may be set.")


class CameraRetentionSerializer(serializers.Serializer[Any]):
    """What is promised of the camera's footage."""

    camera_id = serializers.UUIDField()
    days = serializers.IntegerField()
    max_days = serializers.IntegerField(allow_null=True)
    quota_bytes = serializers.IntegerField(
        allow_null=True, help_text="The camera's own, or the city's for all its cameras together: see `is_own`."
    )
    is_own = serializers.BooleanField(help_text="Whether this is the camera's own; else it is the city's.")


class DeletionRecordSerializer(serializers.Serializer[DeletionRecord]):
    """A day of deletions, sealed when it was over."""

    day = serializers.DateField(read_only=True)
    segments = serializers.IntegerField(read_only=True)
    bytes = serializers.IntegerField(read_only=True)
    early_segments = serializers.IntegerField(read_only=True, help_text="Those before their promised days were over.")
    previous_digest = serializers.CharField(read_only=True, help_text="The digest of the record before; it is in ours.")
    digest = serializers.CharField(read_only=True)
    signature = serializers.CharField(read_only=True)
    sealed_at = serializers.DateTimeField(read_only=True)
    signed_off_at = serializers.DateTimeField(read_only=True, allow_null=True)
    signed_off_by = serializers.CharField(
        source="signed_off_by.username", read_only=True, allow_null=True, default=None, help_text="Who accepted it."
    )


class DeletionSerializer(serializers.Serializer[Deletion]):
    """A line: what one rule took from a camera that day."""

    camera_id = serializers.UUIDField()
    camera = serializers.CharField()
    rule = serializers.ChoiceField(choices=DeletionRule.choices)
    is_early = serializers.BooleanField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    segments = serializers.IntegerField()
    bytes = serializers.IntegerField()
    last_at = serializers.DateTimeField()
    spans = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The exact stretches that went, as intervals of ISO 8601; null where they were not kept yet.",
    )
    damaged = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The damaged files among it, of which nothing could be played, as intervals from where each began.",
    )


class DeletionRecordPages(Pages):
    """The latest day first; a city has one record a day."""

    ordering = ("-day", "pk")


@extend_schema(tags=["Recording"])
class CityRetentionView(APIView):
    """Retention of a city."""

    role_to_change = Role.MANAGER
    of_the_whole_city = ("PUT",)

    @extend_schema(
        operation_id="read_retention",
        summary="What is promised of the city's footage",
        responses=CityRetentionSerializer,
    )
    def get(self, request: Request) -> Response:
        """Gives how long footage is kept where its camera has no promise of its own, and the ready choices."""
        return Response(_describe_city(access_of(request).city))

    @extend_schema(
        operation_id="set_retention",
        summary="Change what is promised of the city's footage",
        request=PolicySerializer,
        responses=CityRetentionSerializer,
    )
    def put(self, request: Request) -> Response:
        """Changes the city's promise. Nothing is deleted at once; the ring follows within minutes."""
        city = access_of(request).city
        set_city_policy(city, _read_policy(request), _change_of(request))
        return Response(_describe_city(city))


@extend_schema(tags=["Recording"])
class CameraRetentionView(APIView):
    """Retention of a camera."""

    role_to_change = Role.MANAGER

    @extend_schema(
        operation_id="read_camera_retention",
        summary="What is promised of a camera's footage",
        responses=CameraRetentionSerializer,
    )
    def get(self, request: Request, camera_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives the promise in force for the camera, and whether it is its own."""
        return Response(_describe_camera(find_camera(camera_id)))

    @extend_schema(
        operation_id="set_camera_retention",
        summary="Give a camera a promise of its own",
        request=PolicySerializer,
        responses=CameraRetentionSerializer,
    )
    def put(self, request: Request, camera_id: UUID) -> Response:
        """Sets the camera's own promise. Nothing is deleted at once; the ring follows within minutes."""
        camera = find_camera(camera_id)
        set_camera_policy(camera, _read_policy(request), _change_of(request))
        return Response(_describe_camera(camera))

    @extend_schema(
        operation_id="drop_camera_retention",
        summary="Let the city's promise count for a camera",
        responses={200: CameraRetentionSerializer},
    )
    def delete(self, request: Request, camera_id: UUID) -> Response:
        """Takes the camera's own promise away, also where it has none. Answers like GET."""
        camera = find_camera(camera_id)
        drop_camera_policy(camera, _change_of(request))
        return Response(_describe_camera(camera))


@extend_schema(tags=["Recording"])
class DeletionRecordsView(GenericAPIView[DeletionRecord]):
    """Deletion records."""

    serializer_class = DeletionRecordSerializer
    pagination_class = DeletionRecordPages

    def get_queryset(self) -> QuerySet[DeletionRecord]:
        """Give what the list shows; the browsable API asks for it too."""
        return DeletionRecord.objects.select_related("signed_off_by")

    @extend_schema(
        operation_id="list_deletion_records",
        summary="The sealed days of deletions",
        responses=DeletionRecordSerializer(many=True),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the days on which footage was deleted, the latest first, as they were sealed."""
        records = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(records, many=True).data)


@extend_schema(tags=["Recording"], parameters=[_DAY])
class DeletionsView(APIView):
    """Deletions of a day."""

    @extend_schema(
        operation_id="read_deletions",
        summary="What was deleted on a day, as lines of JSON",
        responses={(200, "application/x-ndjson"): DeletionSerializer},
    )
    def get(self, request: Request, day: str) -> HttpResponse:
        """Gives a line for each camera and rule; also of a day that is not sealed yet."""
        text = write_json_lines(_find_deletions(request, day))
        return HttpResponse(text, content_type="application/x-ndjson")


@extend_schema(tags=["Recording"], parameters=[_DAY])
class DeletionsTableView(APIView):
    """Deletions of a day as a table."""

    @extend_schema(
        operation_id="read_deletions_table",
        summary="What was deleted on a day, as CSV",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, day: str) -> HttpResponse:
        """Gives the same as a table."""
        text = write_csv(_find_deletions(request, day))
        headers = {"Content-Disposition": f'attachment; filename="deletions-{day}.csv"'}
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def _find_deletions(request: Request, day: str) -> list[Deletion]:
    try:
        found = list_deletions(access_of(request).city.pk, date.fromisoformat(day))
    except ValueError as error:
        raise NotThere(f"{day} is no day") from error
    if not found:
        raise NotThere(f"nothing was deleted on {day}")
    return found


def _change_of(request: Request) -> Change:
    return Change(access_of(request).user, timezone.now())


def _read_policy(request: Request) -> dict[str, int | None]:
    serializer = PolicySerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, int | None] = serializer.validated_data
    return given


def _describe_city(city: City) -> Any:
    in_force = find_city_policy(city)
    answer = _describe(in_force) | {"is_default": in_force.set_for == "default", "plans": list(PLANS)}
    return CityRetentionSerializer(answer).data


def _describe_camera(camera: Camera) -> Any:
    in_force = find_camera_policy(camera)
    answer = _describe(in_force) | {"camera_id": camera.pk, "is_own": in_force.set_for == "camera"}
    return CameraRetentionSerializer(answer).data


def _describe(in_force: InForce) -> dict[str, Any]:
    policy = in_force.policy
    return {"days": policy.days, "max_days": policy.max_days, "quota_bytes": policy.quota_bytes}
