"""What replay is measured against: beside our own addresses the least that a view, a text or a file can cost."""

import os
import re
from pathlib import Path

from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from rest_framework.request import Request
from rest_framework.views import APIView

from replay.media import FilePart, Part
from vms.urls import urlpatterns as ours

FOLDER = Path(os.environ.get("BENCH_FOLDER", "/nonexistent"))


def ask_one(request: HttpRequest | None) -> HttpResponse:  # noqa: ARG001 -- a view
    """Do what the cheapest view with a question does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return HttpResponse(str(cursor.fetchone()[0]))


class AskOne(APIView):
    """The same behind the API's door."""

    def get(self, request: Request) -> HttpResponse:
        """Answer."""
        return ask_one(request._request)  # noqa: SLF001 -- a benchmark


def send_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send a file, or the range of it that is asked for, and ask nobody."""
    match = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
    file = (FOLDER / name).open("rb", buffering=0)
    size = os.fstat(file.fileno()).st_size
    part = Part(int(match[1]), int(match[2]) + 1) if match else Part(0, size, is_whole=True)
    response = FileResponse(FilePart(file, part, lambda: None), content_type="video/mp4")
    response["Content-Length"] = str(part.size)
    response.status_code = 206 if match else 200
    return response


urlpatterns = [
    path("media/bench/one", ask_one),
    path("api/v1/bench/one", AskOne.as_view()),
    path("media/bench/<str:name>", send_file),
    *ours,
]
