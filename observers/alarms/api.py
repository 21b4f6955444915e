"""The API of alarms: what is wrong in this city, and what was; looked at only."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cities.errors import NotThere
from cities.pagination import Pages
from observers.alarms.queries import list_alarms
from observers.alarms.words import cause_of, describe_alarm
from observers.models import Alarm, AlarmKind

_OPEN = {"true": True, "false": False}
_LARGEST_ID = 2**63 - 1


class SubjectSerializer(serializers.Serializer[Any]):
    """What an alarm is about."""

    type = serializers.ChoiceField(choices=["camera", "media_server"])
    id = serializers.CharField()
    name = serializers.CharField()


class AlarmSerializer(serializers.Serializer[Alarm]):
    """An alarm."""

    id = serializers.IntegerField(source="pk", read_only=True)
    kind = serializers.ChoiceField(choices=AlarmKind.choices, read_only=True)
    subject = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField(help_text="What is wrong, in words; moments are in UTC.")
    cause = serializers.SerializerMethodField(
        help_text=(
            "Why a wish is not met: camera_offline, disk_full, recording_refused, config_not_applied, frozen or "
            "unknown; empty for the other kinds."
        )
    )
    opened_at = serializers.DateTimeField(read_only=True)
    last_seen_at = serializers.DateTimeField(read_only=True, help_text="Refreshed once a minute while it is open.")
    count = serializers.IntegerField(read_only=True, help_text="How often it was seen, once a minute at most.")
    closed_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Null while it is open.")

    @extend_schema_field(SubjectSerializer)
    def get_subject(self, alarm: Alarm) -> Any:
        subject = alarm.camera or alarm.media_server
        assert subject is not None  # noqa: S101 -- the database holds that there is one
        kind = "camera" if alarm.camera else "media_server"
        return SubjectSerializer({"type": kind, "id": str(subject.pk), "name": subject.name}).data

    def get_detail(self, alarm: Alarm) -> str:
        return describe_alarm(alarm, _say_utc)

    def get_cause(self, alarm: Alarm) -> str:
        return cause_of(alarm)


class AlarmSearchSerializer(serializers.Serializer[Any]):
    """The filters of the list; an empty value is none."""

    open = serializers.ChoiceField(
        choices=list(_OPEN), required=False, allow_blank=True, help_text="By whether it is still so."
    )
    kind = serializers.ChoiceField(choices=AlarmKind.choices, required=False, allow_blank=True)
    camera_id = serializers.UUIDField(required=False, help_text="Those of one camera; none for a camera of nobody.")


class AlarmPages(Pages):
    """Newest first."""

    ordering = ("-opened_at", "-pk")


@extend_schema(tags=["System"])
class AlarmsView(GenericAPIView[Alarm]):
    """Alarms."""

    serializer_class = AlarmSerializer
    pagination_class = AlarmPages

    def get_queryset(self) -> QuerySet[Alarm]:
        """Give what the list shows; the browsable API asks for it too."""
        return _search(self.request)

    @extend_schema(
        operation_id="list_alarms",
        summary="What is wrong, and what was",
        parameters=[AlarmSearchSerializer],
        responses=AlarmSerializer(many=True),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the alarms of the city, the newest first."""
        alarms = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(alarms, many=True).data)


@extend_schema(tags=["System"])
class AlarmView(GenericAPIView[Alarm]):
    """Alarm."""

    serializer_class = AlarmSerializer

    @extend_schema(operation_id="read_alarm", summary="One alarm")
    def get(self, request: Request, alarm_id: int) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives an alarm."""
        alarm = list_alarms().filter(pk=alarm_id).first() if alarm_id <= _LARGEST_ID else None
        if alarm is None:
            message = f"no alarm {alarm_id}"
            raise NotThere(message)
        return Response(self.get_serializer(alarm).data)


def _search(request: Request) -> QuerySet[Alarm]:
    serializer = AlarmSearchSerializer(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    asked = serializer.validated_data
    alarms = list_alarms()
    if (is_open := _OPEN.get(asked.get("open", ""))) is not None:
        alarms = alarms.filter(closed_at__isnull=is_open)
    if kind := asked.get("kind"):
        alarms = alarms.filter(kind=kind)
    camera_id: UUID | None = asked.get("camera_id")
    return alarms if camera_id is None else alarms.filter(camera_id=camera_id)


def _say_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
