"""The API of the audit log: read by auditors, exported by them, changed by nobody."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, AuditEntry, Role
from cities.pagination import Pages
from cities.permissions import access_of
from cities.scope import city_scope
from cities.spreadsheets import disarm

COLUMNS = (
    *("number", "at", "actor_id", "actor", "address", "action", "subject_type", "subject_id", "subject"),
    *("reason", "facts", "previous_digest", "digest"),
)

AT_ONCE = 2_000
"""Entries of one question for the file."""


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """An entry of the city's audit log."""

    class Meta:
        model = AuditEntry
        fields = COLUMNS
        read_only_fields = fields


class AuditPages(Pages):
    """Newest first."""

    ordering = ("-number",)


class _Echo:
    """A file that gives back what is written to it, so that rows leave as they are made."""

    def write(self, value: str) -> str:
        return value


@extend_schema(tags=["System"])
class AuditView(GenericAPIView[AuditEntry]):
    """Audit log."""

    serializer_class = AuditEntrySerializer
    pagination_class = AuditPages
    role_to_read = Role.AUDITOR

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Give what the list shows; the browsable API asks for it too."""
        return AuditEntry.objects.all()

    @extend_schema(operation_id="list_audit", summary="Who did what", responses=AuditEntrySerializer(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the city's audit log, newest first; for auditors."""
        entries = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(entries, many=True).data)


@extend_schema(tags=["System"])
class AuditFileView(APIView):
    """Audit log as a file."""

    role_to_read = Role.AUDITOR

    @extend_schema(
        operation_id="export_audit",
        summary="The audit log as CSV",
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="One line an entry, oldest first.")
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Exports the whole log of the city, oldest first; the export itself is noted first."""
        access = access_of(request)
        last = note_deed(access.city.pk, Deed(AuditAction.AUDIT_READ, access.user, timezone.now()))
        rows = _read_rows(access.city.pk, last.number)
        response = StreamingHttpResponse(_write_csv(rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit.csv"'
        return response


def _read_rows(city_id: UUID, last: int) -> Iterator[tuple[Any, ...]]:
    """Give the entries up to this one, oldest first, as they are sent: a log of years is never in memory as a whole.

    What is streamed leaves after the request's scope has ended, and may not hold one open between its pieces.
    """
    number = 0
    while number < last:
        with city_scope(city_id):
            entries = AuditEntry.objects.filter(number__gt=number, number__lte=last).order_by("number")
            rows = list(entries.values_list(*COLUMNS)[:AT_ONCE])
        yield from rows
        number = rows[-1][0] if rows else last


def _write_csv(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow(["" if value is None else disarm(str(value)) for value in row])
