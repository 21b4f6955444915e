"""The API of recording: switching a camera's recording on and off, as the specification has it."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.queries import find_camera
from cities.models import Role
from cities.permissions import access_of
from recording.models import RecordingSession
from recording.services import recording_manager, switch_recording


class RecordingEnabledSerializer(serializers.Serializer[Any]):
    """Recording is on."""

    camera_id = serializers.UUIDField()
    recording = serializers.BooleanField(default=True)
    storage_path = serializers.CharField(help_text="The folder its media server writes to.")
    enabled_at = serializers.DateTimeField()


class RecordingStateSerializer(serializers.Serializer[Any]):
    """Whether recording is on, and since when."""

    camera_id = serializers.UUIDField()
    recording = serializers.BooleanField()
    storage_path = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)


@extend_schema(tags=["Recording"])
class RecordingView(APIView):
    """Recording of a camera."""

    role_to_change = Role.OPERATOR

    @extend_schema(operation_id="read_recording", summary="Whether recording is on", responses=RecordingStateSerializer)
    def get(self, request: Request, camera_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives whether a camera's recording is on."""
        session = recording_manager().open_session(find_camera(camera_id))
        return Response(_describe_state(camera_id, session))

    @extend_schema(
        operation_id="enable_recording",
        summary="Switch recording on",
        request=None,
        responses=RecordingEnabledSerializer,
    )
    def put(self, request: Request, camera_id: UUID) -> Response:
        """Switches recording on; where it is on already, the same session comes back."""
        camera = find_camera(camera_id)
        session = switch_recording(camera, on=True, by=access_of(request).user, now=timezone.now())
        assert session is not None  # noqa: S101 -- switching on gives the open session
        answer = {
            "camera_id": camera_id,
            "recording": True,
            "storage_path": session.storage_path,
            "enabled_at": session.started_at,
        }
        return Response(RecordingEnabledSerializer(answer).data)

    @extend_schema(operation_id="disable_recording", summary="Switch recording off", responses=RecordingStateSerializer)
    def delete(self, request: Request, camera_id: UUID) -> Response:
        """Switches recording off, also where it is off already; the footage stays. Answers like GET."""
        switch_recording(find_camera(camera_id), on=False, by=access_of(request).user, now=timezone.now())
        return Response(_describe_state(camera_id, None))


def _describe_state(camera_id: UUID, session: RecordingSession | None) -> Any:
    state = {
        "camera_id": camera_id,
        "recording": session is not None,
        "storage_path": session.storage_path if session else None,
        "started_at": session.started_at if session else None,
    }
    return RecordingStateSerializer(state).data
