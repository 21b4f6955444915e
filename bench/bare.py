"""Every URL of the project, and a bare view behind the same door: it does `select 1` and nothing else."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from vms.urls import urlpatterns as ours


def answer_bare(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 -- Django's signature
    """Give what the database says to the shortest question."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        return JsonResponse({"one": cursor.fetchone()[0]})


urlpatterns = [path("api/v1/bare", answer_bare), *ours]
