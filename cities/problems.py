"""Answers to what goes wrong, as RFC 9457 problem+json: a title, the cause with its remedy, and the fields at fault."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from cities.errors import Conflict, InvalidInput, NotAllowed, NotThere, VMSError

CONTENT_TYPE = "application/problem+json"
NOT_THERE = "There is no such thing here. Check the address, the id and the city."
DATABASE_AWAY = "The database gives no answer. Try again in a moment; if it lasts, see /health."

DATABASE_IS_AWAY = (OperationalError, InterfaceError)
_STATUS: dict[type[VMSError], int] = {InvalidInput: 400, NotAllowed: 403, NotThere: 404, Conflict: 409}


def describe_problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Give the body of a problem: `errors` lists {field, detail} for each input at fault."""
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return problem | ({"errors": errors} if errors else {})


def problem_response(status: int, detail: str, *, field: str | None = None) -> HttpResponse:
    """Give the problem as a plain Django response, for doors that stand before the API."""
    errors = [{"field": field, "detail": detail}] if field else None
    response = JsonResponse(describe_problem(status, detail, errors), status=status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def answer_problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; None (a 500) for what nobody foresaw. DRF's exception handler."""
    known = _as_api_exception(error)
    if known is None:
        return None
    set_rollback()
    errors = list(_field_errors(known.detail)) if isinstance(known, exceptions.ValidationError) else []
    detail = "; ".join(f"{each['field']}: {each['detail']}" for each in errors) or str(known.detail)
    # A browser gets the same problem as a page of the browsable API, which says its own content type.
    is_page = getattr(getattr(context["request"], "accepted_renderer", None), "format", "json") == "api"
    response = Response(
        describe_problem(known.status_code, detail, errors),
        status=known.status_code,
        content_type=None if is_page else CONTENT_TYPE,
    )
    for header, value in _headers_of(known).items():
        response[header] = value
    return response


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.NotFound | Http404):
        return exceptions.NotFound(NOT_THERE)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, VMSError):
        return _translate(error)
    if isinstance(error, DATABASE_IS_AWAY):
        return _exception_of(503, DATABASE_AWAY)
    return error if isinstance(error, exceptions.APIException) else None


def _translate(error: VMSError) -> exceptions.APIException:
    if isinstance(error, NotThere):
        return exceptions.NotFound(NOT_THERE)
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
    if not error.field:
        return _exception_of(status, error.message)
    translated = exceptions.ValidationError({error.field: [error.message]})
    translated.status_code = status
    return translated


def _exception_of(status: int, message: str) -> exceptions.APIException:
    exception = exceptions.APIException(message)
    exception.status_code = status
    return exception


def _field_errors(detail: Any, prefix: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            named = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            yield from _field_errors(inner, ".".join(part for part in (prefix, named) if part))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_errors(inner, prefix)
    else:
        yield {"field": prefix or "body", "detail": str(detail)}


def _headers_of(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]  # DRF sets it on the fly
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]  # only Throttled has it
    return headers
