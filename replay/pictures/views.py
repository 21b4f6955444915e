"""Pictures below `/footage/<token>/`: previews, and groups of fragments in H.264."""

import logging
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from cities.problems import NOT_THERE, problem_response
from ffmpeg.errors import FFmpegError
from footage.packing import unpack_fragments
from recording.holds.links import footage_file
from replay.door import answer_token
from replay.media import spell_tag
from replay.pictures import shelf
from replay.pictures.queries import find_fragments
from replay.pictures.reading import UnreadableFootage
from replay.pictures.shelf import Place
from replay.pictures.transcoding import find_group, make_group
from replay.pictures.turns import Busy
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
    return answer_token(
        token, lambda grant, media: _send(Place(grant.city_id, media.camera_id).sheet(media.segment_id), "image/jpeg")
    )


@require_safe
def give_group(request: HttpRequest, token: str, offset: int, size: int) -> HttpResponseBase:
    """Give a group of fragments in H.264, made now where it is not there yet."""
    del request
    return answer_token(token, lambda grant, media: _give_group(grant, media, offset, size))


def _give_group(grant: FootageGrant, media: MediaFile, offset: int, size: int) -> HttpResponseBase:
    if not grant.first <= offset < offset + size <= grant.last:
        return problem_response(404, NOT_THERE)
    target = Place(grant.city_id, media.camera_id).group(media.segment_id, offset, size)
    try:
        if not find_group(target):
            root = Path(media.root)
            source = root / footage_file(root, media.file, media.held_file)
            make_group(target, source, unpack_fragments(find_fragments(media.segment_id)), offset, size)
    except UnreadableFootage as error:
        logger.info("nothing in H.264 of %s: %s", media.file, error)
        return problem_response(404, NOT_THERE)
    except (Busy, FFmpegError, OSError) as error:
        logger.warning("nothing in H.264 of %s: %r", media.file, error)
        return _come_again()
    return _send(target, "video/mp2t")


def _send(path: Path, kind: str) -> HttpResponseBase:
    try:
        file = path.open("rb")
    except OSError:
        return problem_response(404, NOT_THERE)
    headers = {"Cache-Control": _KEPT, "ETag": spell_tag(path.stat()), "X-Content-Type-Options": "nosniff"}
    if settings.VMS_ACCEL:
        file.close()
        inside = quote(str(path.relative_to(shelf.root())))
        return HttpResponse(content_type=kind, headers=headers | {"X-Accel-Redirect": ACCELERATED + inside})
    return FileResponse(file, content_type=kind, headers=headers)


def _come_again() -> HttpResponseBase:
    response = problem_response(503, _BUSY)
    response["Retry-After"] = "1"
    response["Cache-Control"] = "no-store"
    return response
