"""The API of pictures: the picture of a moment."""

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.queries import find_camera
from cities.negotiation import AnyAnswer
from cities.permissions import access_of
from cities.problems import problem_response
from cities.throttling import FLOOD
from ffmpeg.errors import FFmpegError, FFmpegTooSlow
from ffmpeg.pictures import WIDTHS
from recording.gaps.spans import Span
from recording.models import Segment
from replay.asking import read_range
from replay.models import SegmentPicture
from replay.parameters import FROM, TO, answers
from replay.pictures.asking import read_exact, read_required_moment, read_width
from replay.pictures.frames import Frame, make_frame
from replay.pictures.previews import find_previews, make_sheet_address
from replay.pictures.queries import Moment, find_moment
from replay.pictures.reading import UnreadableFootage
from replay.pictures.turns import Busy, turns
from replay.services import note_footage_view
from replay.throttling import FootageThrottle

logger = logging.getLogger(__name__)

NO_FOOTAGE = "No footage of this camera may be replayed at that moment. Its timeline tells when there is some."
UNREADABLE = "The footage of that moment holds no picture that can be read. Ask for another moment nearby."
BUSY = "Too many pictures are being made. Ask again in a second."
TOO_SLOW = "The picture could not be made in time. Ask again in a second, for a keyframe or a smaller width."
NO_FFMPEG = "The program that makes pictures does not run. The administrator finds the reason in the log of web."

AT = OpenApiParameter("at", OpenApiTypes.DATETIME, required=True, description="The moment, with its time zone.")
WIDTH = OpenApiParameter(
    "width",
    {"type": "integer", "minimum": WIDTHS[0], "maximum": WIDTHS[-1]},
    description="Its width in pixels, never more than the footage's own, which it has where this is left out.",
)
EXACT = OpenApiParameter(
    "exact", enum=["0", "1"], description="1: the very picture of the moment. Otherwise the keyframe before it."
)


@extend_schema(tags=["Recording"])
class FrameView(APIView):
    """The picture of a moment."""

    content_negotiation_class = AnyAnswer
    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="read_frame",
        summary="The picture of a moment, as JPEG",
        description="`X-Frame-At` tells the exact moment that it shows. Only within recording sessions.",
        parameters=[AT, WIDTH, EXACT],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 429: FLOOD},
    )
    def get(self, request: Request, camera_id: UUID) -> HttpResponse:
        """Gives the keyframe at or before the moment, or the very picture."""
        camera, asked = find_camera(camera_id), request.query_params
        at, width, is_exact = read_required_moment(asked, "at"), read_width(asked), read_exact(asked)
        moment = find_moment(camera, at)
        if moment is None:
            return problem_response(404, NO_FOOTAGE)
        tag = _tag(moment.segment_id, at, width, is_exact)
        if request.headers.get("If-None-Match") == tag:
            return _mark(HttpResponseNotModified(), tag)
        access = access_of(request)
        answer = _answer(moment, access.user.pk, tag, width=width, is_exact=is_exact)
        if answer.status_code == HTTPStatus.OK:
            note_footage_view(access, camera.pk, Span(at, at + timedelta(seconds=1)), now=timezone.now())
        return answer


class TileSheetSerializer(serializers.Serializer[Any]):
    """The previews of a segment on one sheet, row by row."""

    url = serializers.CharField(help_text="Signed; yours for ten minutes at least.")
    start = serializers.DateTimeField(help_text="Where the first tile begins.")
    end = serializers.DateTimeField(help_text="Where the last one ends.")
    columns = serializers.IntegerField(help_text="Tiles beside each other.")
    rows = serializers.IntegerField()
    width = serializers.IntegerField(help_text="Pixels of a tile.")
    height = serializers.IntegerField()
    seconds = serializers.IntegerField(help_text="How long a tile stands for.")


class PreviewsSerializer(serializers.Serializer[Any]):
    """Previews of a time."""

    tiles = TileSheetSerializer(many=True)
    pending = serializers.IntegerField(help_text="Files of footage whose previews are ordered and not there yet.")


@extend_schema(tags=["Recording"])
class PreviewsView(APIView):
    """Previews of a time."""

    throttle_classes = (FootageThrottle,)

    @extend_schema(
        operation_id="list_previews",
        summary="Small pictures of a time, on sheets",
        parameters=[FROM, TO],
        responses=answers(PreviewsSerializer),
    )
    def get(self, request: Request, camera_id: UUID) -> Response:
        """Gives the sheets that exist and orders the others: ask again while some are pending."""
        now = timezone.now()
        camera, window = find_camera(camera_id), read_range(request.query_params, now)
        found, access = find_previews(camera, window, now), access_of(request)
        addresses = [make_sheet_address(sheet, access.user.pk, now) for _, sheet in found.sheets]
        tiles = [_describe(*each, url) for each, url in zip(found.sheets, addresses, strict=True)]
        if tiles:
            note_footage_view(access, camera.pk, window, now=now)
        return Response(PreviewsSerializer({"tiles": tiles, "pending": found.pending}).data)


def _describe(segment: Segment, sheet: SegmentPicture, url: str) -> dict[str, Any]:
    shape = {name: getattr(sheet, name) for name in ("columns", "rows", "width", "height", "seconds")}
    return {"url": url, "start": segment.start, "end": sheet.covers_until, **shape}


def _answer(moment: Moment, who: Any, tag: str, *, width: int | None, is_exact: bool) -> HttpResponse:
    try:
        with turns.take(who):
            frame = make_frame(moment, width=width, is_exact=is_exact)
    except UnreadableFootage as error:
        logger.info("no picture of %s: %s", moment.path.name, error)
        return problem_response(404, UNREADABLE)
    except Busy:
        return _come_again(BUSY)
    except FFmpegTooSlow:
        return _come_again(TOO_SLOW)
    except FFmpegError as error:
        logger.warning("no picture can be made: %s", error)
        return _come_again(NO_FFMPEG, seconds=30)
    return _mark(_serve(frame), tag)


def _serve(frame: Frame) -> HttpResponse:
    response = HttpResponse(frame.jpeg, content_type="image/jpeg")
    response["X-Frame-At"] = frame.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _mark(response: HttpResponse, tag: str) -> HttpResponse:
    """Let the browser keep it, and ask each time whether it may still be shown."""
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


def _tag(*of: int | datetime | bool | None) -> str:
    return quote_etag(hashlib.sha256(repr(of).encode()).hexdigest()[:24])


def _come_again(detail: str, seconds: int = 1) -> HttpResponse:
    response = problem_response(503, detail)
    response["Retry-After"] = str(seconds)
    return response
