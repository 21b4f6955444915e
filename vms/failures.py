"""What is answered where no view could: problems under /api/, Django's own pages elsewhere."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from cities.problems import DATABASE_AWAY, DATABASE_IS_AWAY, NOT_THERE, problem_response


def answer_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request itself is malformed, such as a Host that is not ours."""
    if _is_api(request):
        return problem_response(400, "The request is malformed, or its Host is not in VMS_ALLOWED_HOSTS.")
    return defaults.bad_request(request, exception)


def answer_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if _is_api(request):
        return problem_response(403, "This is not allowed.")
    return defaults.permission_denied(request, exception)


def answer_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: in the API the same as for an id that is not there."""
    if _is_api(request):
        return problem_response(404, NOT_THERE)
    return defaults.page_not_found(request, exception)


def answer_failure(request: HttpRequest) -> HttpResponse:
    """503 in the API while the database is away; 500 for what nobody foresaw, with its traceback in the log."""
    if not _is_api(request):
        return defaults.server_error(request)
    if isinstance(sys.exc_info()[1], DATABASE_IS_AWAY):
        return problem_response(503, DATABASE_AWAY)
    return problem_response(500, "Something failed on our side. The log of the web server says what.")


def _is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith("/api/")
