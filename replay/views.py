"""The door to footage's bytes: `/footage/<token>/…`, open to whoever has a token and still may look."""

import logging
import os
from collections.abc import Callable
from http import HTTPStatus
from io import FileIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from cities.problems import NOT_THERE, problem_response
from recording.holds.links import footage_file
from recording.states import SegmentState
from replay.door import answer_token, send_part
from replay.heads import read_head
from replay.media import Part, choose_part, is_exact, open_footage, spell_tag
from replay.queries import MediaFile
from replay.tokens import FootageGrant

logger = logging.getLogger(__name__)

TYPE = "video/mp4"
ACCELERATED = "/recordings/"
_KEPT = "private, max-age=600"


class Place(NamedTuple):
    """Where a file lies: its path below a media server's folder of recordings."""

    root: Path
    path: Path


Giving = Callable[[HttpRequest, FootageGrant, Place, FileIO], HttpResponseBase]
"""Answers out of the open file; closes it, or has it closed."""


@require_safe
def give_init(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the head of a segment's file, which players need before any part of it."""
    return answer_token(token, lambda grant, media: _give(request, grant, media, _give_init))


@require_safe
def give_media(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give bytes of a segment's file, as they lie on disk."""
    return answer_token(token, lambda grant, media: _give(request, grant, media, _give_part))


def _give(request: HttpRequest, grant: FootageGrant, media: MediaFile, give: Giving) -> HttpResponseBase:
    root = Path(media.root)
    place = Place(root, Path(footage_file(root, media.file, media.held_file)))
    try:
        file = open_footage(root, str(place.path))
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            logger.warning("%s cannot be read: %s", place.path, error)
        return problem_response(404, NOT_THERE)
    tag = spell_tag(os.fstat(file.fileno()))
    response = give(request, grant, place, file)
    response.headers.setdefault("ETag", tag)
    # A browser would ask for the rest of what it kept of a file that has grown since, and be refused.
    may_keep = response.status_code < HTTPStatus.BAD_REQUEST and media.state == SegmentState.READY
    response["Cache-Control"] = _KEPT if may_keep else "no-store"
    return response


def _give_init(request: HttpRequest, grant: FootageGrant, place: Place, file: FileIO) -> HttpResponseBase:
    del request, place
    with file:
        return HttpResponse(read_head(file, grant.init_bytes), content_type=TYPE)


def _give_part(request: HttpRequest, grant: FootageGrant, place: Place, file: FileIO) -> HttpResponseBase:
    status = os.fstat(file.fileno())
    asked, condition = request.headers.get("Range", ""), request.headers.get("If-Range", "")
    counts = condition in ("", spell_tag(status))
    last = min(grant.last, status.st_size)
    part = choose_part(asked if counts else "", first=grant.first, last=last, size=status.st_size)
    is_for_nginx = part is not None and is_exact(asked, part) and not condition and _is_known_to_nginx(place)
    if request.method == "GET" and part is not None and not is_for_nginx:
        return _send(file, part, status.st_size, grant.user_id)
    file.close()
    if request.method == "HEAD":
        return _describe(status.st_size)
    if part is None:
        return _refuse(grant, status.st_size)
    return HttpResponse(content_type=TYPE, headers={"X-Accel-Redirect": ACCELERATED + quote(str(place.path))})


def _is_known_to_nginx(place: Place) -> bool:
    """Say whether nginx has this folder: it is told of one alone, and would not find another media server's files."""
    return bool(settings.VMS_ACCEL) and place.root == settings.VMS_RECORDINGS


def _send(file: FileIO, part: Part, size: int, user_id: int) -> HttpResponseBase:
    response = send_part(file, part, TYPE, user_id)
    if response.status_code == HTTPStatus.OK:
        response["Accept-Ranges"] = "bytes"
        if not part.is_whole:
            response.status_code = HTTPStatus.PARTIAL_CONTENT
            response["Content-Range"] = f"bytes {part.first}-{part.last - 1}/{size}"
    return response


def _describe(size: int) -> HttpResponseBase:
    return HttpResponse(content_type=TYPE, headers={"Accept-Ranges": "bytes", "Content-Length": str(size)})


def _refuse(grant: FootageGrant, size: int) -> HttpResponseBase:
    detail = f"This address gives bytes {grant.first} to {grant.last - 1}; ask for a range of them."
    response = problem_response(416, detail)
    response["Content-Range"] = f"bytes */{size}"
    response["Accept-Ranges"] = "bytes"
    return response
