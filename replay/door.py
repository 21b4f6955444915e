"""The door of everything below `/footage/<token>/`: open to whoever has a token and still may look."""

import logging
from collections.abc import Callable

from django.http import HttpResponseBase
from django.utils import timezone

from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, NOT_THERE, problem_response
from cities.scope import city_scope
from replay.queries import MediaFile
from replay.services import find_allowed
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
