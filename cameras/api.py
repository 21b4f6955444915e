"""The API of cameras: which exist, what is known of them, and for managers: adding, changing, removing."""

from typing import Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cameras.listing import describe_row, list_rows
from cameras.models import Camera, CameraState
from cameras.queries import find_camera
from cameras.search import CameraSearch, last_seen, search_cameras
from cameras.services import add_camera, change_camera, remove_camera, shown_source_url
from cities.models import Role
from cities.pagination import Pages
from cities.permissions import access_of
from ffmpeg.failures import redact_typed

_STATES = {"true": CameraState.ONLINE, "false": CameraState.OFFLINE, "unknown": CameraState.UNKNOWN}
_SWITCHES = {"true": True, "false": False}


class SourceUrlField(serializers.CharField):
    """Takes an address with credentials, gives it without."""

    def get_attribute(self, instance: Camera) -> str:
        return shown_source_url(instance)


class CameraSerializer(serializers.Serializer[Camera]):
    """A camera."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120, help_text="Unique in its city, whatever its case.")
    location = serializers.CharField(max_length=200, required=False, allow_blank=True)
    source_url = SourceUrlField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text=(
            "Where to pull the picture: rtsp, rtsps, rtmp, rtmps, http or https. Credentials in it are never shown; "
            "sending back the address as shown keeps them. Empty: the camera publishes by itself, to `publish_url`."
        ),
    )
    has_credentials = serializers.SerializerMethodField(
        help_text="Whether a user name, password or key is kept for its source."
    )
    publishes_by_itself = serializers.BooleanField(read_only=True)
    publish_url = serializers.SerializerMethodField(
        help_text="Where a camera that publishes by itself sends its picture."
    )
    stream_id = serializers.CharField(read_only=True, help_text="The name of its path in MediaMTX.")
    state = serializers.ChoiceField(
        choices=CameraState.choices, read_only=True, help_text="`unknown` while its media server gives no valid answer."
    )
    is_online = serializers.BooleanField(
        read_only=True, help_text="As last known: it keeps its value while `state` is `unknown`."
    )
    last_seen_at = serializers.SerializerMethodField()
    recording_enabled = serializers.BooleanField(
        read_only=True, help_text="Whether recording is wished; switch it at `/api/v1/cameras/{id}/recording`."
    )
    created_at = serializers.DateTimeField(read_only=True)

    def get_initial(self) -> Any:
        """Give what the form of a browsable page shows again: a refused address comes back without its secrets."""
        shown = super().get_initial()
        return shown | {"source_url": redact_typed(str(shown["source_url"]))} if "source_url" in shown else shown

    def get_has_credentials(self, camera: Camera) -> bool:
        return camera.has_credentials

    def get_publish_url(self, camera: Camera) -> str:
        return f"{camera.media_server.public_rtsp_url}/{camera.stream_id}"

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_seen_at(self, camera: Camera) -> Any:
        seen = last_seen(camera)
        return None if seen is None else serializers.DateTimeField().to_representation(seen)


class CameraSearchSerializer(serializers.Serializer[Any]):
    """The filters of the list; an empty value is none."""

    online = serializers.ChoiceField(
        choices=list(_STATES), required=False, allow_blank=True, help_text="By state: online, offline, or unknown."
    )
    recording = serializers.ChoiceField(
        choices=list(_SWITCHES), required=False, allow_blank=True, help_text="By whether recording is wished."
    )
    search = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="A part of the name or the location."
    )
    group = serializers.UUIDField(required=False, help_text="By a group of the city's cameras: its id.")


_FILTERS = frozenset(CameraSearchSerializer().fields)


class CameraPages(Pages):
    """By name, which is unique in a city."""

    ordering = ("name", "id")


@extend_schema(tags=["Streaming"])
class CamerasView(GenericAPIView[Camera]):
    """Cameras."""

    serializer_class = CameraSerializer
    pagination_class = CameraPages
    role_to_change = Role.MANAGER
    of_the_whole_city = ("POST",)

    def get_queryset(self) -> QuerySet[Camera]:
        """Give the list's cameras; the browsable API asks for them."""
        return search_cameras(_read_search(self.request))

    @extend_schema(
        operation_id="list_cameras",
        summary="The city's cameras",
        parameters=[CameraSearchSerializer],
        responses=CameraSerializer(many=True),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Lists the cameras by name."""
        rows = self.paginate_queryset(list_rows(_read_search(request)))
        answer = self.get_paginated_response(list(map(describe_row, rows or ())))
        return answer if request.accepted_renderer.format != "json" else _spell(answer)

    @extend_schema(operation_id="add_camera", summary="Add a camera", responses={201: CameraSerializer})
    def post(self, request: Request) -> Response:
        """Adds a camera to the city. Its recording is off, and it is pulled once its stream is wished."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        access = access_of(request)
        camera = add_camera(access.city, **serializer.validated_data, by=access.user, now=timezone.now())
        return Response(self.get_serializer(camera).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["Streaming"])
class CameraView(GenericAPIView[Camera]):
    """Camera."""

    serializer_class = CameraSerializer
    role_to_change = Role.MANAGER
    of_the_whole_city = ("DELETE",)

    @extend_schema(operation_id="read_camera", summary="One camera")
    def get(self, request: Request, camera_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives a camera."""
        return Response(self.get_serializer(find_camera(camera_id)).data)

    @extend_schema(operation_id="replace_camera", summary="Change a camera")
    def put(self, request: Request, camera_id: UUID) -> Response:
        """Changes a camera. `name` must be there; what is left out besides it stays as it is."""
        return self._change(request, camera_id, partial=False)

    @extend_schema(operation_id="change_camera", summary="Change parts of a camera")
    def patch(self, request: Request, camera_id: UUID) -> Response:
        """Changes what is given."""
        return self._change(request, camera_id, partial=True)

    @extend_schema(operation_id="remove_camera", summary="Remove a camera", responses={204: None})
    def delete(self, request: Request, camera_id: UUID) -> Response:
        """Removes a camera: its stream and its recording end; its footage stays until it is too old."""
        remove_camera(find_camera(camera_id), by=access_of(request).user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, camera_id: UUID, *, partial: bool) -> Response:
        camera = find_camera(camera_id)
        serializer = self.get_serializer(camera, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        by = access_of(request).user
        changed = change_camera(camera, **serializer.validated_data, by=by, now=timezone.now())
        return Response(self.get_serializer(changed).data)


def _spell(answer: Response) -> HttpResponse:
    """Write the page in a tenth of the framework's time."""
    return HttpResponse(msgspec.json.encode(answer.data), content_type="application/json")


def _read_search(request: Request) -> CameraSearch:
    if not _FILTERS & request.query_params.keys():
        return CameraSearch()
    serializer = CameraSearchSerializer(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    asked = serializer.validated_data
    return CameraSearch(
        state=_STATES.get(asked.get("online", "")),
        recording=_SWITCHES.get(asked.get("recording", "")),
        text=asked.get("search", ""),
        group=asked.get("group"),
    )
