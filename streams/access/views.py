"""The door at which MediaMTX asks who may publish and watch: an empty 204 for yes, a problem for no."""

import base64
import binascii
import logging

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cameras.server_secrets import is_media_secret
from cities.addresses import find_client_address, is_media_server
from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, problem_response
from mediamtx.questions import MAX_QUESTION_BYTES, read_question
from streams.access.services import is_allowed

logger = logging.getLogger(__name__)


@csrf_exempt
def authorise(request: HttpRequest) -> HttpResponse:
    """Answer one question; whatever is no clear yes is no to MediaMTX."""
    try:
        return _answer(request)
    except DATABASE_IS_AWAY as error:
        logger.warning("nobody can publish or watch anew, the database gives no answer: %s", error)
        return problem_response(503, DATABASE_AWAY)


def _answer(request: HttpRequest) -> HttpResponse:
    refusal = _refuse_stranger(request) or _refuse_form(request)
    if refusal:
        return refusal
    try:
        question = read_question(request.body)
    except ValueError:
        return problem_response(400, "The body is no question of MediaMTX's.")
    allowed = is_allowed(question, now=timezone.now())
    return HttpResponse(status=204) if allowed else problem_response(401, "This may not be published or watched so.")


def _refuse_stranger(request: HttpRequest) -> HttpResponse | None:
    if not is_media_server(find_client_address(request)):
        return problem_response(403, "Media servers ask from the networks in VMS_HOOK_NETWORKS only.")
    if not is_media_secret(_read_password(request)):
        return problem_response(401, "This is neither VMS_MEDIA_SECRET nor the secret of a further media server.")
    return None


def _read_password(request: HttpRequest) -> bytes:
    """Give the password of basic authentication: MediaMTX can send nothing else in a header."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        credentials = base64.b64decode(encoded, validate=True) if scheme == "Basic" else b""
    except (binascii.Error, ValueError):
        return b""
    return credentials.partition(b":")[2]


def _refuse_form(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        response = problem_response(405, "Questions are asked by POST.")
        response["Allow"] = "POST"
        return response
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_QUESTION_BYTES:
        return problem_response(413, f"A question has at most {MAX_QUESTION_BYTES} bytes.")
    return None
