"""The API of publishing: the user name and password of a camera that publishes by itself, for its managers."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cameras.models import Camera
from cameras.queries import find_camera
from cities.models import Role
from cities.permissions import access_of
from streams.access.passwords import publish_password, publish_username
from streams.access.services import note_password_read, renew_publish_password
from streams.live import publish_url


class PublishingSerializer(serializers.Serializer[Camera]):
    """How a camera publishes by itself."""

    publish_url = serializers.SerializerMethodField(help_text="Where it sends its picture by RTSP over TCP.")
    publish_username = serializers.SerializerMethodField(help_text="The user name to set in the camera.")
    publish_password = serializers.SerializerMethodField(help_text="The password to set in the camera: a secret.")

    def get_publish_url(self, camera: Camera) -> str:
        return publish_url(camera)

    def get_publish_username(self, camera: Camera) -> str:
        return publish_username(camera.publish_number)

    def get_publish_password(self, camera: Camera) -> str:
        return publish_password(camera.pk, camera.publish_number)


@extend_schema(tags=["Streaming"])
class PublishingView(GenericAPIView[Any]):
    """Publishing."""

    serializer_class = PublishingSerializer
    role_to_read = Role.MANAGER

    @extend_schema(operation_id="read_publishing", summary="How a camera publishes by itself")
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Gives address, user name and password for a camera that publishes by itself; the audit log notes it."""
        camera = find_camera(camera_id)
        note_password_read(camera, by=access_of(request).user, now=timezone.now())
        return Response(self.get_serializer(camera).data)


@extend_schema(tags=["Streaming"])
class PublishingRenewalView(GenericAPIView[Any]):
    """Renewal of a publishing password."""

    serializer_class = PublishingSerializer
    role_to_change = Role.MANAGER

    @extend_schema(
        operation_id="renew_publishing",
        summary="Make a new password for publishing",
        request=None,
        responses=PublishingSerializer,
    )
    def post(self, request: Request, camera_id: UUID) -> Response:
        """Makes the old password worthless at once; whoever publishes with it is ended within seconds."""
        by, now = access_of(request).user, timezone.now()
        camera = renew_publish_password(find_camera(camera_id), by=by, now=now)
        return Response(self.get_serializer(camera).data)
