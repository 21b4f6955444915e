"""The API of streams: the wish that a camera's picture be live, and where to watch it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cameras.queries import find_camera
from cities.errors import NotThere
from cities.pagination import Pages
from cities.permissions import access_of
from streams.access.services import give_live_token, note_live_view
from streams.live import LiveUrls, live_urls
from streams.models import Stream
from streams.progress import StreamProgress, problem_of, progress_of
from streams.queries import find_stream, streams_in_scope
from streams.services import drop_stream, wish_stream


class StreamSerializer(serializers.Serializer[Stream]):
    """A stream that is wished."""

    camera_id = serializers.UUIDField(read_only=True)
    stream_id = serializers.CharField(
        source="camera.stream_id", read_only=True, help_text="The name of its path in MediaMTX."
    )
    state = serializers.SerializerMethodField(
        help_text=(
            "`waiting`: the camera publishes by itself and has not connected, or no ingest process took it up; "
            "`retrying`: see `problem`."
        )
    )
    problem = serializers.SerializerMethodField(help_text="Why it is not live, in words; empty if nothing is known.")
    is_online = serializers.BooleanField(
        source="camera.is_online", read_only=True, help_text="Whether its picture was last seen."
    )
    hls_url = serializers.SerializerMethodField(
        help_text="A playlist. Like the other addresses it is yours, and good for beginning to watch within 2 minutes."
    )
    webrtc_url = serializers.SerializerMethodField(help_text="A WHEP endpoint.")
    rtsp_url = serializers.SerializerMethodField()
    wished_at = serializers.DateTimeField(read_only=True)

    def get_state(self, stream: Stream) -> StreamProgress:
        return progress_of(stream, timezone.now())

    def get_problem(self, stream: Stream) -> str:
        return problem_of(stream, timezone.now())

    def get_hls_url(self, stream: Stream) -> str:
        return self._give_live_urls(stream).hls

    def get_webrtc_url(self, stream: Stream) -> str:
        return self._give_live_urls(stream).webrtc

    def get_rtsp_url(self, stream: Stream) -> str:
        return self._give_live_urls(stream).rtsp

    def _give_live_urls(self, stream: Stream) -> LiveUrls:
        user = access_of(self.context["request"]).user
        return live_urls(stream.camera, token=give_live_token(stream.camera, user, now=timezone.now()))


class WishSerializer(serializers.Serializer[Any]):
    """Which camera's stream is wished."""

    camera_id = serializers.UUIDField()


class StreamPages(Pages):
    """By the camera's name, which is unique in a city."""

    ordering = ("camera__name", "pk")


@extend_schema(tags=["Streaming"])
class StreamsView(GenericAPIView[Stream]):
    """Streams."""

    serializer_class = StreamSerializer
    pagination_class = StreamPages

    def get_queryset(self) -> QuerySet[Stream]:
        """Give what the list shows; the browsable API asks for it too."""
        return streams_in_scope()

    @extend_schema(operation_id="list_streams", summary="The city's streams", responses=StreamSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists the wished streams by their camera's name; the audit log notes whose pictures may be watched by it."""
        streams = self.paginate_queryset(self.get_queryset()) or []
        note_live_view(access_of(request), [stream.camera for stream in streams], now=timezone.now())
        return self.get_paginated_response(self.get_serializer(streams, many=True).data)

    @extend_schema(
        operation_id="start_stream",
        summary="Start a stream",
        parameters=[WishSerializer],
        request=None,
        responses={201: StreamSerializer, 200: StreamSerializer},
    )
    def post(self, request: Request) -> Response:
        """Wishes the stream of `?camera_id=`: 201 if it was not wished before, 200 if it was."""
        wish = WishSerializer(data=request.query_params)
        wish.is_valid(raise_exception=True)
        camera = find_camera(wish.validated_data["camera_id"])
        stream, is_new = wish_stream(camera, by=access_of(request).user, now=timezone.now())
        stream.camera = camera
        note_live_view(access_of(request), [camera], now=timezone.now())
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(stream).data, status=code)


@extend_schema(tags=["Streaming"])
class StreamView(GenericAPIView[Stream]):
    """Stream."""

    serializer_class = StreamSerializer

    @extend_schema(operation_id="read_stream", summary="One stream")
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Gives a camera's stream; 404 while nobody wishes it. The audit log notes that it may be watched by it."""
        stream = find_stream(find_camera(camera_id))
        if stream is None:
            raise NotThere(f"nobody wishes the stream of {camera_id}")
        note_live_view(access_of(request), [stream.camera], now=timezone.now())
        return Response(self.get_serializer(stream).data)

    @extend_schema(operation_id="stop_stream", summary="Stop a stream", responses={204: None})
    def delete(self, request: Request, camera_id: UUID) -> Response:
        """Drops the wish; 204 also if nobody had it."""
        drop_stream(find_camera(camera_id), by=access_of(request).user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
