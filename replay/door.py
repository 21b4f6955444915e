"""The door of everything below `/footage/<token>/`: open to whoever has a token and still may look, for so many answers
at a time.
"""

import logging
from collections.abc import Callable
from io import FileIO

from django.http import FileResponse, HttpResponseBase
from django.utils import timezone

from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, NOT_THERE, problem_response
from cities.scope import city_scope
from replay.media import CHUNK, FilePart, Part
from replay.queries import MediaFile
from replay.services import find_allowed
from replay.throttling import ANSWERS
from replay.tokens import FootageGrant, read_token

logger = logging.getLogger(__name__)

_OUT_OF_DATE = "This address is not one of ours, or its time is over. Ask for the playlist or the previews anew."


def answer_token(token: str, give: Callable[[FootageGrant, MediaFile], HttpResponseBase]) -> HttpResponseBase:
    """Answer by `give`, in the scope of the token's city, with the file it names; a problem for who may not look."""
    now = timezone.now()
    grant = read_token(token, now)
    if grant is None:
        return problem_response(403, _OUT_OF_DATE)
    try:
        with city_scope(grant.city_id):
            media = find_allowed(grant, now)
            return give(grant, media) if media else problem_response(404, NOT_THERE)
    except DATABASE_IS_AWAY as error:
        logger.warning("no footage can be given, the database gives no answer: %s", error)
        return problem_response(503, DATABASE_AWAY)


def send_part(file: FileIO, part: Part, kind: str, user_id: int) -> HttpResponseBase:
    """Have the server send the part: gunicorn by sendfile, from where the descriptor stands.

    429, and the file is closed, where as many answers are on their way to this person as may be.
    """
    if not ANSWERS.take(user_id):
        file.close()
        return _ask_for_patience()
    response = FileResponse(FilePart(file, part, lambda: ANSWERS.give_back(user_id)), content_type=kind)
    response.block_size = CHUNK
    response["Content-Length"] = str(part.size)
    return response


def _ask_for_patience() -> HttpResponseBase:
    response = problem_response(429, f"More than {ANSWERS.most} parts are on their way to you; take those first.")
    response["Retry-After"] = "1"
    return response
