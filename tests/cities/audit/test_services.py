"""Entries are written with what they tell of, in a chain of each city, and nobody can rewrite them."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from cities.active import narrowed_to
from cities.audit.origin import ordered_from
from cities.audit.services import Deed, Subject, check_chains, note_deed
from cities.models import AuditAction, AuditEntry, Membership
from cities.scope import city_scope, every_city
from tests.world import NOW, World

ON = AuditAction.RECORDING_ON


def note(world: World, count: int = 1) -> None:
    for number in range(count):
        note_deed(world.city.pk, Deed(ON, world.operator, NOW, Subject("camera", str(number), "Market square")))


def entries() -> list[tuple[str | None, int, str, str]]:
    with every_city("this test looks at all chains"):
        rows = AuditEntry.objects.order_by("city__name", "number")
        return [(row.city.name if row.city else None, row.number, row.actor, row.action) for row in rows]


def test_each_city_has_a_chain_of_its_own_and_so_has_the_platform(world: World) -> None:
    note(world, 2)
    note_deed(world.other_city.pk, Deed(ON, None, NOW))
    note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, world.owner, NOW))
    assert entries() == [
        ("Aurora", 1, "operator", "recording_on"),
        ("Aurora", 2, "operator", "recording_on"),
        ("Boreal", 1, "", "recording_on"),
        (None, 1, "owner", "account_changed"),
    ]
    with every_city("this test checks all chains"):
        found = sorted((report.entries, report.problem) for report in check_chains())
    assert found == [(1, ""), (1, ""), (2, "")]


def test_a_chain_goes_on_whatever_its_writer_sees_of_the_city(world: World) -> None:
    note(world)
    with city_scope(world.city.pk):
        note(world)
        with narrowed_to({world.city.pk: frozenset()}):
            note(world)
    with city_scope(world.other_city.pk):
        note(world)
    with every_city("the system writes too"):
        note(world)
        note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, world.owner, NOW))
        assert sorted((report.entries, report.problem) for report in check_chains()) == [(1, ""), (5, "")]


def test_a_city_sees_its_own_chain_alone(world: World) -> None:
    note(world)
    note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, world.owner, NOW))
    with city_scope(world.other_city.pk):
        assert list(AuditEntry.objects.all()) == []
    with city_scope(world.city.pk):
        assert [entry.action for entry in AuditEntry.objects.all()] == ["recording_on"]


def test_what_is_rolled_back_was_never_done(world: World) -> None:
    with transaction.atomic():
        note(world)
        transaction.set_rollback(True)
    assert entries() == []


def test_it_says_from_where(world: World) -> None:
    with ordered_from("203.0.113.9"):
        note(world)
    note(world)
    with city_scope(world.city.pk):
        assert [entry.address for entry in AuditEntry.objects.order_by("number")] == ["203.0.113.9", ""]


@pytest.mark.parametrize("statement", ["UPDATE cities_auditentry SET actor = 'x'", "DELETE FROM cities_auditentry"])
def test_nobody_rewrites_it(world: World, statement: str) -> None:
    note(world)
    with city_scope(world.city.pk), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert len(entries()) == 1


def test_who_gets_around_the_triggers_is_found_out(world: World) -> None:
    note(world, 3)
    call_command("verify_audit", stdout=(out := StringIO()))
    assert "Aurora: 3 entries, whole, head " in out.getvalue()
    with every_city("who tampers sees all"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cities_auditentry DISABLE TRIGGER audit_entries_stay")
        cursor.execute("UPDATE cities_auditentry SET actor = 'nobody' WHERE number = 2")
        cursor.execute("ALTER TABLE cities_auditentry ENABLE TRIGGER audit_entries_stay")
    with pytest.raises(CommandError, match="tampered"):
        call_command("verify_audit", "--city", "Aurora", stdout=(out := StringIO()))
    assert "entry 2 was changed" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_chain(world: World) -> None:
    def one(number: int) -> None:
        note_deed(world.city.pk, Deed(ON, world.operator, NOW, Subject("camera", str(number))))
        connections["default"].close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(24)))
    with every_city("this test checks the chain"):
        assert [(report.entries, report.problem) for report in check_chains()] == [(24, "")]


def test_signing_in_and_out_is_noted_in_each_of_one_s_cities(world: World) -> None:
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.viewer, city=world.other_city, role="viewer")
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.post("/login/", {"username": "viewer", "password": "a long password"})
    client.post("/logout/")
    assert entries() == [
        (city, number, "viewer", action)
        for city in ("Aurora", "Boreal")
        for number, action in ((1, "signed_in"), (2, "signed_out"))
    ]
