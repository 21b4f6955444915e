"""Leases on the real Postgres: two processes, expiry, theft."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from streams.ingest.decisions import Report
from streams.ingest.leases import Leases
from streams.ingest.neighbours import name_this_process
from streams.models import Stream, StreamState
from streams.services import drop_stream, wish_stream
from tests.world import NOW, World, give_source

OURS, THEIRS = Leases("ours", 15), Leases("theirs", 15)


@pytest.fixture(autouse=True)
def _everywhere() -> Any:
    with every_city("leases span the cities"):
        yield


def wish_many(world: World, count: int) -> list[Stream]:
    cameras = [
        Camera.objects.create(
            city=world.city,
            media_server=world.server,
            name=f"Corner {number}",
            source_url=f"rtsp://10.0.1.{number}/live",
        )
        for number in range(count)
    ]
    return [wish_stream(camera, now=NOW)[0] for camera in cameras]


def let_leases_end(*streams: Stream) -> None:
    Stream.objects.filter(pk__in=[stream.pk for stream in streams]).update(lease_until=Now() - timedelta(seconds=1))


def row(stream: Stream) -> Stream:
    return Stream.objects.get(pk=stream.pk)


def test_two_processes_never_hold_the_same_stream(world: World) -> None:
    streams = wish_many(world, 5)
    assert (OURS.claim(3), THEIRS.claim(10), OURS.claim(10)) == (3, 2, 0)
    assert OURS.read().keys() & THEIRS.read().keys() == set()
    assert OURS.read().keys() | THEIRS.read().keys() == {stream.pk for stream in streams}


def test_a_mistyped_address_of_one_media_server_stops_no_picture(world: World) -> None:
    streams = wish_many(world, 2)
    MediaServer.objects.create(name="north", api_url="http://[::1", public_hls_url="http://vms.example:88888")
    assert OURS.claim(10) == 2
    assert OURS.read().keys() == {stream.pk for stream in streams}


def test_a_claimed_row_says_starting_and_holds_the_whole_wish(world: World) -> None:
    give_source(world.camera, "rtsp://admin:p%40ss%2Fword@10.0.0.5/live?token=abc")
    stream, _ = wish_stream(world.camera, now=NOW)
    Stream.objects.filter(pk=stream.pk).update(state="live", failures=7, problem="old", problem_kind="refused")
    OURS.claim(10)
    held = OURS.read()[stream.pk]
    assert held.told == Report(StreamState.STARTING)
    assert held.wish.address == "rtsp://admin:p%40ss%2Fword@10.0.0.5/live?token=abc"
    assert held.wish.publish_url == f"rtsp://127.0.0.1:8554/stream_{world.camera.pk}"
    assert held.wish.wanted


def test_a_lease_that_ended_is_taken_over_and_its_old_holder_gets_nothing_back(world: World) -> None:
    (stream,) = wish_many(world, 1)
    OURS.claim(1)
    OURS.tell({stream.pk: Report(StreamState.LIVE)})
    assert THEIRS.claim(1) == 0
    let_leases_end(stream)
    assert THEIRS.claim(1) == 1
    assert row(stream).state == StreamState.STARTING
    OURS.renew()
    OURS.tell({stream.pk: Report(StreamState.LIVE)})
    OURS.release([stream.pk])
    assert OURS.read() == {}
    assert (row(stream).lease_owner, row(stream).state) == ("theirs", StreamState.STARTING)


def test_a_lease_from_before_the_clock_was_set_back_is_taken_over(world: World) -> None:
    long_ago, longest = wish_many(world, 2)
    assert (OURS.claim(1), Leases("patient", 300).claim(1)) == (1, 1)
    Stream.objects.filter(pk=long_ago.pk).update(lease_until=Now() + timedelta(hours=3))
    assert THEIRS.claim(10) == 1
    assert (row(long_ago).lease_owner, row(longest).lease_owner) == ("theirs", "patient")


def test_a_lease_that_ended_unseen_is_still_ours_if_nobody_took_it(world: World) -> None:
    (stream,) = wish_many(world, 1)
    OURS.claim(1)
    let_leases_end(stream)
    OURS.renew()
    assert THEIRS.claim(1) == 0
    assert list(OURS.read()) == [stream.pk]


def test_nobody_claims_what_nobody_must_pull(world: World) -> None:
    dropped, removed, by_itself = wish_many(world, 3)
    drop_stream(dropped.camera, now=NOW)
    Camera.objects.filter(pk=removed.camera_id).update(removed_at=NOW)
    Camera.objects.filter(pk=by_itself.camera_id).update(source_url="")
    assert OURS.claim(10) == 0


def test_what_is_wished_no_more_stays_held_but_unwanted_until_released(world: World) -> None:
    streams = wish_many(world, 4)
    OURS.claim(10)
    drop_stream(streams[0].camera, now=NOW)
    Camera.objects.filter(pk=streams[1].camera_id).update(removed_at=NOW)
    Camera.objects.filter(pk=streams[2].camera_id).update(source_url="")
    wanted = {pk: held.wish.wanted for pk, held in OURS.read().items()}
    assert wanted == {streams[0].pk: False, streams[1].pk: False, streams[2].pk: False, streams[3].pk: True}
    OURS.release([stream.pk for stream in streams[:3]])
    assert list(OURS.read()) == [streams[3].pk]


def test_what_became_of_streams_is_told_in_one_statement(world: World) -> None:
    streams = wish_many(world, 3)
    OURS.claim(10)
    refused = Report(StreamState.RETRYING, "refused", "The camera refused the connection.", 2)
    with CaptureQueriesContext(connection) as queries:
        OURS.tell({streams[0].pk: refused, streams[1].pk: Report(StreamState.LIVE)})
    assert len(queries) == 1
    assert [held.told for _, held in sorted(OURS.read().items())] == [
        refused, Report(StreamState.LIVE), Report(StreamState.STARTING),
    ]  # fmt: skip


def test_the_moment_of_change_stays_while_the_state_does(world: World) -> None:
    (stream,) = wish_many(world, 1)
    OURS.claim(1)
    OURS.tell({stream.pk: Report(StreamState.RETRYING, "refused", "Refused.", 1)})
    Stream.objects.filter(pk=stream.pk).update(state_changed_at=NOW)
    OURS.tell({stream.pk: Report(StreamState.RETRYING, "refused", "Refused.", 2)})
    assert (row(stream).state_changed_at, row(stream).failures) == (NOW, 2)
    OURS.tell({stream.pk: Report(StreamState.LIVE)})
    assert row(stream).state_changed_at != NOW


def test_news_of_a_dropped_stream_does_not_undo_the_drop(world: World) -> None:
    (stream,) = wish_many(world, 1)
    OURS.claim(1)
    drop_stream(stream.camera, now=NOW)
    OURS.tell({stream.pk: Report(StreamState.LIVE)})
    assert row(stream).state == StreamState.STOPPED


def test_a_clean_stop_gives_everything_back_at_once(world: World) -> None:
    streams = wish_many(world, 3)
    OURS.claim(10)
    OURS.release_all()
    assert THEIRS.claim(10) == 3
    assert THEIRS.read().keys() == {stream.pk for stream in streams}


def test_the_row_of_a_dead_process_does_not_say_live_for_ever(world: World) -> None:
    (stream,) = wish_many(world, 1)
    OURS.claim(1)
    OURS.tell({stream.pk: Report(StreamState.LIVE)})
    Camera.objects.filter(pk=stream.camera_id).update(removed_at=NOW)
    let_leases_end(stream)
    THEIRS.tidy()
    assert (row(stream).state, row(stream).lease_owner, row(stream).lease_until) == (StreamState.STOPPED, "", None)


def test_tidying_leaves_wanted_streams_and_leases_in_force_alone(world: World) -> None:
    wanted, fresh = wish_many(world, 2)
    OURS.claim(10)
    let_leases_end(wanted)
    drop_stream(fresh.camera, now=NOW)
    THEIRS.tidy()
    assert {row(wanted).lease_owner, row(fresh).lease_owner} == {"ours"}


@pytest.mark.parametrize("count", [1, 20])
def test_each_verb_is_one_statement_whatever_the_number_of_streams(world: World, count: int) -> None:
    wish_many(world, count)
    for verb in (lambda: OURS.claim(100), OURS.renew, OURS.read, OURS.tidy, OURS.release_all):
        with CaptureQueriesContext(connection) as queries:
            verb()
        assert len(queries) == 1


def test_the_leases_of_a_process_that_died_on_this_machine_end_at_once(world: World) -> None:
    (stream,) = wish_many(world, 1)
    machine = name_this_process().rpartition(":")[0]
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    Leases(f"{machine}:{child.pid}#1", 15).claim(1)
    OURS.end_those_of_the_dead()
    assert OURS.claim(1) == 0
    child.communicate()
    OURS.end_those_of_the_dead()
    assert (OURS.claim(1), row(stream).lease_owner) == (1, OURS.owner)
