"""An import: tried, looked at, confirmed; all of it or nothing, and never a password on a page."""

import json
import socket
import threading
from ipaddress import ip_address
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from cameras.models import Camera
from cameras.networks import neighbourhood_of
from cameras.services import change_camera, source_of
from cities.errors import Conflict, InvalidInput
from cities.models import AuditEntry
from cities.scope import city_scope
from ffmpeg.commands import RelayCommand
from ffmpeg.gate import guard_relay
from ffmpeg.networks import Address
from ffmpeg.sources import SourceUrl
from inventory.imports.services import apply_import, show_import, try_import
from inventory.models import Errand
from tests.inventory.conftest import access_of, signed_in
from tests.world import World, give_source

TABLE = (
    "name,location,source_url,username,password\n"
    "North gate,Main street 1,rtsp://10.0.0.7/live,admin,sesame\n"
    "market SQUARE,Old town,,,\n"
)


def names() -> list[str]:
    return list(Camera.objects.order_by("name").values_list("name", flat=True))


def try_table(world: World, text: str) -> Any:
    return try_import(access_of(world), text, timezone.now())


def test_a_dry_run_says_what_is_new_changed_and_the_same_and_changes_nothing(world: World) -> None:
    with city_scope(world.city.pk):
        shown = show_import(try_table(world, f"{TABLE}").errand)
        assert shown.counts == {"new": 1, "changed": 1, "same": 0}
        assert [(step["kind"], [tuple(field.values()) for field in step["fields"]]) for step in shown.steps] == [
            ("new", [("location", "", "Main street 1"), ("source_url", "", "rtsp://10.0.0.7/live")]),
            ("changed", [("name", "Market square", "market SQUARE"), ("location", "", "Old town")]),
        ]
        assert names() == ["Market square"]


def test_the_confirmation_does_exactly_that_and_is_noted(world: World) -> None:
    with city_scope(world.city.pk):
        errand = try_table(world, TABLE).errand
        apply_import(access_of(world), errand.pk, timezone.now())
        assert sorted(names()) == ["North gate", "market SQUARE"]
        gate = Camera.objects.get(name="North gate")
        assert source_of(gate).full == "rtsp://admin:sesame@10.0.0.7/live"
        assert source_of(Camera.objects.get(pk=world.camera.pk)).full == "rtsp://10.0.0.5/live"
        noted = AuditEntry.objects.order_by("number").values_list("action", "actor")
        assert list(noted) == [("camera_added", "owner"), ("camera_changed", "owner")]
        assert "sesame" not in json.dumps(list(AuditEntry.objects.values_list("facts", flat=True)))
        with pytest.raises(Conflict):
            apply_import(access_of(world), errand.pk, timezone.now())


def test_the_same_table_again_changes_nothing(world: World) -> None:
    with city_scope(world.city.pk):
        apply_import(access_of(world), try_table(world, TABLE).errand.pk, timezone.now())
        assert show_import(try_table(world, TABLE).errand).counts == {"new": 0, "changed": 0, "same": 2}


def test_our_own_export_changes_nothing_and_keeps_credentials(world: World) -> None:
    with city_scope(world.city.pk):
        give_source(world.camera, "rtsp://admin:sesame@10.0.0.5/live?token=abc")
    exported = signed_in(world.owner).get("/cameras.csv").content.decode()
    with city_scope(world.city.pk):
        assert show_import(try_table(world, exported).errand).counts == {"new": 0, "changed": 0, "same": 1}
        other = exported.replace("Market square", "Copy")
        (mistake,) = try_table(world, other).mistakes
        assert (mistake.line, mistake.field, mistake.text[:22]) == (2, "source_url", "The address holds *** ")


def test_a_camera_changed_meanwhile_has_the_import_refused(world: World) -> None:
    with city_scope(world.city.pk):
        errand = try_table(world, TABLE).errand
        change_camera(world.camera, location="Elsewhere", by=None, now=timezone.now())
        with pytest.raises(Conflict, match="Cameras changed since this was shown"):
            apply_import(access_of(world), errand.pk, timezone.now())
        assert names() == ["Market square"]


def test_one_line_that_fails_takes_all_back(world: World) -> None:
    with city_scope(world.city.pk):
        errand = try_table(world, TABLE).errand
        world.city.camera_networks = ["10.99.0.0/16"]
        world.city.save()
        access = access_of(world)
        with pytest.raises(InvalidInput, match=r"Nothing was imported\. Line 2:"):
            apply_import(access, errand.pk, timezone.now())
        assert names() == ["Market square"]
        assert AuditEntry.objects.count() == 0


def test_an_address_where_no_camera_may_be_is_a_mistake_of_its_line(world: World) -> None:
    with city_scope(world.city.pk):
        trial = try_table(world, "name,source_url\nA,rtsp://127.0.0.1/\nB,rtsp://10.0.0.8/\nC,rtsp://169.254.169.254/")
    assert trial.errand is None
    assert [(each.line, each.field) for each in trial.mistakes] == [(2, "source_url"), (4, "source_url")]


def unknown(host: str) -> list[Address]:
    raise socket.gaierror(f"{host} is unknown")


def test_where_a_name_leads_is_judged_when_tried_and_again_when_applied(world: World) -> None:
    places = {"gate.example": "10.0.0.8", "vms.example": "10.0.0.2", "alias.example": "10.0.0.2"}

    def lookup(host: str) -> list[Address]:
        return [ip_address(places[host])]

    table = "name,source_url\nA,rtsp://gate.example/\nB,rtsp://alias.example:8554/\nC,rtsp://alias.example/"
    with city_scope(world.city.pk):
        trial = try_import(access_of(world), table, timezone.now(), lookup)
        assert [(each.line, each.field) for each in trial.mistakes] == [(3, "source_url")]
        errand = try_import(access_of(world), table.replace(":8554", ""), timezone.now(), lookup).errand
        places["gate.example"] = "127.0.0.1"
        assert errand is not None
        with pytest.raises(InvalidInput, match=r"Nothing was imported\. Line 2:"):
            apply_import(access_of(world), errand.pk, timezone.now(), lookup)
        assert names() == ["Market square"]


def test_a_name_that_nobody_knows_is_imported_and_judged_by_the_gatekeeper_before_it_is_connected_to(
    world: World,
) -> None:
    def make(source: SourceUrl, *, host_header: str) -> RelayCommand:
        return RelayCommand(("ffmpeg", source.host, host_header))

    with city_scope(world.city.pk):
        trial = try_import(access_of(world), "name,source_url\nA,rtsp://gate.example/\n", timezone.now(), unknown)
        assert trial.errand is not None
        apply_import(access_of(world), trial.errand.pk, timezone.now(), unknown)
        source = source_of(Camera.objects.get(name="A"))
        command = guard_relay(source, neighbourhood_of(world.city), make)
    assert (command.argv[-1].endswith("gatekeeper.py"), json.loads(command.stdin_text or "")["host"]) == (
        True,
        "gate.example",
    )


@pytest.mark.django_db(transaction=True)
def test_no_camera_is_locked_while_names_are_looked_up(world: World) -> None:
    locked: list[int | str] = []
    one_at_a_time = threading.Lock()

    def lookup(host: str) -> list[Address]:
        try:
            with one_at_a_time, city_scope(world.city.pk), transaction.atomic():
                locked.append(len(Camera.objects.select_for_update(of=("self",), nowait=True).values_list("pk")))
        except OperationalError:
            locked.append("by another")
        connection.close()
        return unknown(host)

    table = "name,location,source_url\nA,,rtsp://a.example/\nB,,rtsp://b.example/\nMarket square,Here,\n"
    with city_scope(world.city.pk):
        trial = try_import(access_of(world), table, timezone.now(), lookup)
        assert trial.errand is not None
        apply_import(access_of(world), trial.errand.pk, timezone.now(), lookup)
        assert names() == ["A", "B", "Market square"]
    assert locked == [1, 1, 1, 1]


def test_no_page_no_session_and_no_row_shows_a_password(world: World) -> None:
    client = signed_in(world.owner)
    shown = client.post("/cameras/import", {"table": TABLE}, follow=True)
    done = client.post(shown.request["PATH_INFO"], follow=True)
    assert "2 cameras were imported." in done.content.decode()
    pages = shown.content.decode() + done.content.decode()
    kept = "".join(Session.objects.values_list("session_data", flat=True)) + json.dumps(dict(client.session))
    with city_scope(world.city.pk):
        kept += "".join(Errand.objects.values_list("content", flat=True))
    assert [text for text in (pages, kept) if "sesame" in text] == []


def test_mistakes_are_shown_and_the_table_is_not(world: World) -> None:
    answer = signed_in(world.owner).post("/cameras/import", {"table": "name,password\nGate,sesame"})
    page = answer.content.decode()
    assert (answer.status_code, "Line 2" in page, "sesame" in page) == (422, True, False)


def test_an_import_is_its_maker_s_alone(world: World) -> None:
    with city_scope(world.city.pk):
        errand = try_table(world, TABLE).errand
    for client in (signed_in(world.stranger), Client()):
        assert client.post(f"/cameras/import/{errand.pk}").status_code in {302, 404}
    with city_scope(world.city.pk):
        assert names() == ["Market square"]
