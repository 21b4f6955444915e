"""The API of holds: footage that no rule may delete, what is kept of it, and its release."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone, translation
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cities.errors import InvalidInput
from cities.models import Role
from cities.pagination import Pages
from cities.permissions import access_of
from recording.holds.decisions import LONGEST_CASE_NUMBER, LONGEST_REASON, HoldState
from recording.holds.queries import find_held_camera, find_hold, list_holds, state_holds
from recording.holds.services import hold_footage, release_hold
from recording.holds.words import say_hold
from recording.models import Hold

_JSON_NAMES = {"starts_at": "from", "ends_at": "to"}
_SWITCHES = {"true": True, "false": False}


class MomentField(serializers.DateTimeField):
    """A moment that says its time zone: to guess one would hold other footage than was meant."""

    default_error_messages = {"naive": "Say the time zone: 2026-01-27T10:00:00-03:00, or Z for UTC."}

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a moment without a zone."""
        if timezone.is_naive(value):
            self.fail("naive")
        return super().enforce_timezone(value)


class _RangeSerializer(serializers.Serializer[Any]):
    """Mixed in where `starts_at` and `ends_at` are called `from` and `to`, which Python cannot declare."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name in _JSON_NAMES.keys() & fields.keys():
            fields[name].source = fields[name].source or name
        return {_JSON_NAMES.get(name, name): field for name, field in fields.items()}


class SpanSerializer(_RangeSerializer):
    """A stretch of time."""

    starts_at = serializers.DateTimeField(source="start")
    ends_at = serializers.DateTimeField(source="end")


class HoldSerializer(_RangeSerializer):
    """A hold. What is kept of it says `GET /api/v1/holds/{id}`."""

    id = serializers.UUIDField(read_only=True)
    camera_id = serializers.UUIDField()
    starts_at = MomentField(help_text="With its time zone. In the past.")
    ends_at = MomentField(
        help_text="With its time zone. At most 31 days later, and 24 h ahead: what comes is held as it comes.",
    )
    reason = serializers.CharField(max_length=LONGEST_REASON)
    case_number = serializers.CharField(max_length=LONGEST_CASE_NUMBER, required=False, allow_blank=True)
    until = MomentField(required=False, allow_null=True, help_text="When it ends by itself; null: when it is released.")
    is_live = serializers.SerializerMethodField(help_text="Whether it is in force.")
    created_at = serializers.DateTimeField(read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True, default=None, allow_null=True)
    released_at = serializers.DateTimeField(read_only=True, allow_null=True)
    released_by = serializers.CharField(source="released_by.username", read_only=True, default=None, allow_null=True)

    def get_is_live(self, hold: Hold) -> bool:
        return hold.released_at is None and (hold.until is None or hold.until > timezone.now())


class StatedHoldSerializer(HoldSerializer):
    """A hold and what is kept of it."""

    state = serializers.ChoiceField(
        choices=HoldState.choices,
        source="statement.state",
        read_only=True,
        help_text="`securing`: not all of it is out of every cleaner's reach yet. Nothing is held once it has ended.",
    )
    statement = serializers.SerializerMethodField(help_text="The same in words.")
    kept = SpanSerializer(
        source="statement.kept",
        many=True,
        read_only=True,
        help_text="Whole files are kept: it may reach beyond what was asked.",
    )
    securing = SpanSerializer(source="statement.securing", many=True, read_only=True)
    missing = SpanSerializer(
        source="statement.missing", many=True, read_only=True, help_text="Of what was asked; there is no footage of it."
    )
    held_bytes = serializers.IntegerField(source="statement.held_bytes", read_only=True)

    def get_statement(self, hold: Any) -> str:
        with translation.override("en"):
            return say_hold(hold, hold.statement, zone=ZoneInfo("UTC"), now=timezone.now())


class HoldSearchSerializer(serializers.Serializer[Any]):
    """The filters of the list; an empty value is none."""

    camera_id = serializers.UUIDField(required=False)
    live = serializers.ChoiceField(
        choices=list(_SWITCHES), required=False, allow_blank=True, help_text="By whether the hold is in force."
    )


class HoldPages(Pages):
    """Newest first."""

    ordering = ("-created_at", "pk")


@extend_schema(tags=["Recording"])
class HoldsView(GenericAPIView[Hold]):
    """Holds."""

    serializer_class = HoldSerializer
    pagination_class = HoldPages
    role_to_change = Role.OPERATOR

    def get_queryset(self) -> QuerySet[Hold]:
        """Give what the list shows; the browsable API asks for it too."""
        search = HoldSearchSerializer(data=self.request.query_params)
        search.is_valid(raise_exception=True)
        asked = search.validated_data
        return list_holds(asked.get("camera_id"), is_live=_SWITCHES.get(asked.get("live", "")), now=timezone.now())

    @extend_schema(
        operation_id="list_holds",
        summary="The city's holds",
        parameters=[HoldSearchSerializer],
        responses=HoldSerializer(many=True),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the holds, those that have ended too, newest first."""
        holds = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(holds, many=True).data)

    @extend_schema(
        operation_id="hold_footage",
        summary="Hold footage",
        request=HoldSerializer,
        responses={201: StatedHoldSerializer},
    )
    def post(self, request: Request) -> Response:
        """Holds a camera's footage: from the answer on no rule deletes it, until the hold is released or ends."""
        serializer = HoldSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = dict(serializer.validated_data)
        camera = find_held_camera(given.pop("camera_id"))
        try:
            hold = hold_footage(camera, **given, by=access_of(request).user, now=timezone.now())
        except InvalidInput as refused:
            raise InvalidInput(refused.message, field=_JSON_NAMES.get(refused.field or "", refused.field)) from refused
        return Response(_describe(hold), status=status.HTTP_201_CREATED)


@extend_schema(tags=["Recording"])
class HoldView(GenericAPIView[Hold]):
    """Hold."""

    serializer_class = StatedHoldSerializer
    role_to_change = Role.MANAGER

    @extend_schema(operation_id="read_hold", summary="One hold and what is kept of it")
    def get(self, request: Request, hold_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives a hold: what was asked, what is kept, what is being secured, what is missing."""
        return Response(_describe(find_hold(hold_id)))

    @extend_schema(
        operation_id="release_hold", summary="Release a hold", request=None, responses={200: StatedHoldSerializer}
    )
    def delete(self, request: Request, hold_id: UUID) -> Response:
        """Lets the footage go back to the ring, also where it went already; the hold stays as history."""
        hold = release_hold(find_hold(hold_id), by=access_of(request).user, now=timezone.now())
        return Response(_describe(hold))


def _describe(hold: Hold) -> Any:
    hold.statement = state_holds([hold], timezone.now())[hold.pk]  # type: ignore[attr-defined]  # for the serializer
    return StatedHoldSerializer(hold).data
