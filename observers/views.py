"""The door for MediaMTX's hooks."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt

from cameras.server_secrets import is_hook_secret
from cities.addresses import find_client_address, is_media_server
from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, problem_response
from observers.doorbell import doorbell

MAX_BODY_BYTES = 8 * 1024
EVENTS: dict[str, Callable[[str], None]] = {
    "online": doorbell.ring,
    "offline": doorbell.ring,
    "segment_create": doorbell.ring_for_footage,
    "segment_complete": doorbell.ring_for_footage,
}
"""Whom each event wakes, by the path's name."""


@csrf_exempt
def receive_hook(request: HttpRequest) -> HttpResponse:
    """Take note of what came or went: 202 whatever we then make of it, a problem for who is not MediaMTX."""
    refusal = _refuse_stranger(request) or _refuse_form(request)
    if refusal:
        return refusal
    form = QueryDict(request.body, encoding="utf-8")
    path_name = form.get("path", "")
    ring = EVENTS.get(form.get("event", ""))
    if ring is None:
        return problem_response(400, f"event must be {', '.join(EVENTS)}.", field="event")
    if not path_name:
        return problem_response(400, "path is missing; send the path's name.", field="path")
    ring(path_name)
    return HttpResponse(status=202)


def _refuse_stranger(request: HttpRequest) -> HttpResponse | None:
    if not is_media_server(find_client_address(request)):
        return problem_response(403, "Hooks are taken from the networks in VMS_HOOK_NETWORKS only.")
    try:
        is_known = is_hook_secret(_read_secret(request).encode())
    except DATABASE_IS_AWAY:
        return problem_response(503, DATABASE_AWAY)
    if not is_known:
        return problem_response(
            401, "X-Hook-Secret, or secret in the form, is neither VMS_HOOK_SECRET nor that of a further media server."
        )
    return None


def _read_secret(request: HttpRequest) -> str:
    """From the header, or else from the form: docker's hook.sh could write a header only where `ps` shows it to all."""
    shown = request.headers.get("X-Hook-Secret")
    if shown is not None:
        return shown
    return "" if _refuse_form(request) else QueryDict(request.body, encoding="utf-8").get("secret", "")


def _refuse_form(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        response = problem_response(405, "Hooks are sent by POST.")
        response["Allow"] = "POST"
        return response
    if request.content_type != "application/x-www-form-urlencoded":
        return problem_response(415, "Send the hook as application/x-www-form-urlencoded.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return problem_response(413, f"A hook has at most {MAX_BODY_BYTES} bytes.")
    return None
