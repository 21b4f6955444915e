"""The door to pictures below `/footage/<token>/`: open to whoever has a token and still may look."""

import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, NOT_THERE, problem_response
from cities.scope import city_scope
from ffmpeg.errors import FFmpegError
from footage.packing import unpack_fragments
from recording.holds.links import footage_file
from replay.media import spell_tag
from replay.pictures import shelf
from replay.pictures.queries import find_fragments
from replay.pictures.reading import UnreadableFootage
from replay.pictures.shelf import Place
from replay.pictures.transcoding import find_group, make_group
from replay.pictures.turns import Busy
from replay.queries import MediaFile
from replay.services import find_allowed
from replay.tokens import FootageGrant, read_token

logger = logging.getLogger(__name__)

ACCELERATED = "/pictures/"
_OUT_OF_DATE = "This address is not one of ours, or its time is over. Ask for it anew."
_BUSY = "The pictures are being made. Ask again in a second."
_KEPT = "private, max-age=600"


@require_safe
def give_sheet(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the previews of the token's segment."""
    del request
    return _answer(
        token, lambda grant, media: _send(Place(grant.city_id, media.camera_id).sheet(media.segment_id), "image/jpeg")
    )


@require_safe
def give_group(request: HttpRequest, token: str, offset: int, size: int) -> HttpResponseBase:
    """Give a group of fragments in H.264, made now where it is not there yet."""
    del request
    return _answer(token, lambda grant, media: _give_group(grant, media, offset, size))


def _answer(token: str, give: Callable[[FootageGrant, MediaFile], HttpResponseBase]) -> HttpResponseBase:
    now = timezone.now()
    grant = read_token(token, now)
    if grant is None:
        return problem_response(403, _OUT_OF_DATE)
    try:
        with city_scope(grant.city_id):
            media = find_allowed(grant, now)
            return give(grant, media) if media else problem_response(404, NOT_THERE)
    except DATABASE_IS_AWAY as error:
        logger.warning("no picture can be given, the database gives no answer: %s", error)
        return problem_response(503, DATABASE_AWAY)


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
