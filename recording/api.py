"""The API of recording: switching a camera's recording on and off, as the specification has it."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.models import Camera
from cameras.queries import find_camera
from cities.models import Role
from cities.permissions import access_of
from recording.models import RecordingSession
from recording.services import recording_manager, switch_recording
from recording.writing import describe_writing


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
    writing = serializers.BooleanField(help_text="Whether footage really grows on disk, whatever is wished.")
    not_writing_because = serializers.CharField(help_text="Why it does not, in words; empty while it does.")


@extend_schema(tags=["Recording"])
class RecordingView(APIView):
    """Recording of a camera."""

    role_to_change = Role.OPERATOR

    @extend_schema(operation_id="read_recording", summary="Whether recording is on", responses=RecordingStateSerializer)
    def get(self, request: Request, camera_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives whether a camera's recording is on."""
        camera = find_camera(camera_id)
        return Response(_describe_state(camera, recording_manager().open_session(camera)))

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

    @extend_schema(
        operation_id="disable_recording",
        summary="Switch recording off",
        responses={200: RecordingStateSerializer},
    )
    def delete(self, request: Request, camera_id: UUID) -> Response:
        """Switches recording off, also where it is off already; the footage stays. Answers like GET."""
        camera = find_camera(camera_id)
        switch_recording(camera, on=False, by=access_of(request).user, now=timezone.now())
        return Response(_describe_state(camera, None))


def _describe_state(camera: Camera, session: RecordingSession | None) -> Any:
    writing = describe_writing(camera, now=timezone.now())
    state = {
        "camera_id": camera.pk,
        "recording": session is not None,
        "storage_path": session.storage_path if session else None,
        "started_at": session.started_at if session else None,
        "writing": writing.is_writing,
        "not_writing_because": writing.reason,
    }
    return RecordingStateSerializer(state).data
