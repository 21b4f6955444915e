"""The audit log as a file: whole, oldest first, and never in memory as a whole."""

import csv
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cities.audit import api
from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction, Membership, Role
from cities.scope import every_city
from tests.world import NOW, ApiClient, World


@pytest.fixture
def auditor(world: World) -> ApiClient:
    with every_city("a test sets the scene"):
        Membership.objects.filter(user=world.viewer).update(role=Role.AUDITOR)
    return ApiClient(world.viewer, world.city)


def note(world: World, *names: str) -> None:
    for name in names:
        note_deed(world.city.pk, Deed(AuditAction.RECORDING_ON, world.operator, NOW, Subject("camera", name, name)))
        note_deed(world.other_city.pk, Deed(AuditAction.RECORDING_ON, world.stranger, NOW, Subject("camera", name)))


def subjects(pieces: Any) -> list[str]:
    rows = csv.DictReader(StringIO(b"".join(pieces).decode()))
    return [row["subject"] or row["action"] for row in rows]


def test_the_file_is_read_as_it_is_sent_and_ends_with_its_own_entry(world: World, auditor: ApiClient) -> None:
    note(world, "one", "two", "three", "four")
    with patch.object(api, "AT_ONCE", 2):
        sent = iter(auditor.send("GET", "/api/v1/audit.csv").streaming_content)
        head = [next(sent), next(sent)]
        note(world, "late")
        with CaptureQueriesContext(connection) as rest:
            pieces = [*head, *sent]
    assert subjects(pieces) == ["one", "two", "three", "four", "audit_read"]
    assert [query["sql"].endswith("LIMIT 2") for query in rest] == [True, True]


def test_names_are_no_formulas(world: World, auditor: ApiClient) -> None:
    note(world, "=1+1")
    note(world, "x;=1+1")
    told = subjects(auditor.send("GET", "/api/v1/audit.csv").streaming_content)
    assert told == ["'=1+1", "x;'=1+1", "audit_read"]
