"""Pictures below `/footage/<token>/`: previews, and groups of fragments in H.264."""

import logging
import os
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from cities.problems import NOT_THERE, problem_response
from ffmpeg.errors import FFmpegError
from footage.packing import unpack_fragments
from recording.holds.links import footage_file
from replay.door import answer_token, send_part
from replay.media import Part, spell_tag
from replay.pictures import shelf
from replay.pictures.queries import find_fragments
from replay.pictures.reading import UnreadableFootage
from replay.pictures.shelf import Place
from replay.pictures.transcoding import find_group, make_group
from replay.pictures.turns import Busy, group_turns
from replay.queries import MediaFile
from replay.tokens import FootageGrant

logger = logging.getLogger(__name__)

ACCELERATED = "/pictures/"
_BUSY = "The pictures are being made. Ask again in a second."
_KEPT = "private, max-age=600"


@require_safe
def give_sheet(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the previews of the token's segment."""
    del request
    return answer_token(token, _give_sheet)


@require_safe
def give_group(request: HttpRequest, token: str, offset: int, size: int) -> HttpResponseBase:
    """Give a group of fragments in H.264, made now where it is not there yet."""
    del request
    return answer_token(token, lambda grant, media: _give_group(grant, media, offset, size))


def _give_sheet(grant: FootageGrant, media: MediaFile) -> HttpResponseBase:
    return _send(Place(grant.city_id, media.camera_id).sheet(media.segment_id), "image/jpeg", grant.user_id)


def _give_group(grant: FootageGrant, media: MediaFile, offset: int, size: int) -> HttpResponseBase:
    if not grant.first <= offset < offset + size <= grant.last:
        return problem_response(404, NOT_THERE)
    target = Place(grant.city_id, media.camera_id).group(media.segment_id, offset, size)
    try:
        if not find_group(target):
            root = Path(media.root)
            source = root / footage_file(root, media.file, media.held_file)
            with group_turns.take(grant.user_id):
                make_group(target, source, unpack_fragments(find_fragments(media.segment_id)), offset, size)
    except UnreadableFootage as error:
        logger.info("nothing in H.264 of %s: %s", media.file, error)
        return problem_response(404, NOT_THERE)
    except (Busy, FFmpegError, OSError) as error:
        logger.warning("nothing in H.264 of %s: %r", media.file, error)
        return _come_again()
    return _send(target, "video/mp2t", grant.user_id)


def _send(path: Path, kind: str, user_id: int) -> HttpResponseBase:
    try:
        file = path.open("rb", buffering=0)
    except OSError:
        return problem_response(404, NOT_THERE)
    status = os.fstat(file.fileno())
    headers = {"Cache-Control": _KEPT, "ETag": spell_tag(status), "X-Content-Type-Options": "nosniff"}
    if settings.VMS_ACCEL:
        file.close()
        inside = quote(str(path.relative_to(shelf.root())))
        return HttpResponse(content_type=kind, headers=headers | {"X-Accel-Redirect": ACCELERATED + inside})
    response = send_part(file, Part(0, status.st_size, is_whole=True), kind, user_id)
    if response.status_code == HTTPStatus.OK:
        for name, value in headers.items():
            response[name] = value
    return response


def _come_again() -> HttpResponseBase:
    response = problem_response(503, _BUSY)
    response["Retry-After"] = "1"
    response["Cache-Control"] = "no-store"
    return response
