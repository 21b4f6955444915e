"""The supervisor on the real Postgres, with small programs in ffmpeg's place that fail when told to."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import psutil
import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera
from cameras.services import remove_camera
from cities.models import City
from cities.scope import every_city
from ffmpeg.commands import RelayCommand
from ffmpeg.sources import parse_source_url
from streams.ingest.carriers import Carriers
from streams.ingest.database import Database
from streams.ingest.decisions import Patience, Wish
from streams.ingest.leases import Leases
from streams.ingest.stopping import StopRequest, time_limit
from streams.ingest.supervisor import Supervisor
from streams.management.commands.ingest import _find_command_maker
from streams.models import Stream, StreamState
from streams.services import drop_stream, wish_stream
from tests.world import NOW, World, give_source

FAKE = Path(__file__).with_name("fake_ffmpeg.py")
QUICK = Patience(stall=0.5, first_picture=0.8, stop=0.3, lease=15, between_passes=0.1)


@dataclass
class Street:
    """Cameras that behave as their address says, and a file that freezes them all."""

    world: World
    freeze_file: Path

    def add(self, behaviour: str) -> Camera:
        camera = Camera.objects.create(
            city=self.world.city,
            media_server=self.world.server,
            name=f"{behaviour} {time.monotonic_ns()}",
            source_url=f"rtsp://fake/{behaviour}",
        )
        wish_stream(camera, now=NOW)
        return camera

    def make_command(self, wish: Wish, *, with_sound: bool) -> RelayCommand:
        behaviour = parse_source_url(wish.address).path.removeprefix("/")
        sound = "with sound" if with_sound else "without sound"
        return RelayCommand((sys.executable, "-I", "-S", str(FAKE), behaviour, str(self.freeze_file), sound))


@pytest.fixture
def street(world: World, tmp_path: Path) -> Iterator[Street]:
    with every_city("the ingest spans the cities"):
        yield Street(world, tmp_path / "freeze")


@pytest.fixture
def make_ingest(street: Street) -> Iterator[Callable[..., Supervisor]]:
    made = []

    def make(name: str = "ours", *, patience: Patience = QUICK, limit: int = 100) -> Supervisor:
        supervisor = Supervisor(
            Leases(name, int(patience.lease)),
            Carriers(street.make_command),
            Database(),
            limit,
            patience,
            random=lambda: 0.0,
        )
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.close()
    assert programs() == []


def run_until(supervisor: Supervisor, condition: Callable[[], bool], within: float = 10.0) -> float:
    """Run until it holds; give the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, supervisor.relays
        supervisor.run_once()
        time.sleep(0.02)
    return time.monotonic() - began


def row(camera: Camera) -> Stream:
    return Stream.objects.get(camera=camera)


def says(camera: Camera, state: StreamState, kind: str = "") -> Callable[[], bool]:
    return lambda: (row(camera).state, row(camera).problem_kind) == (state, kind)


def programs() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_ours(child)]


def is_ours(child: psutil.Process) -> bool:
    try:
        return str(FAKE) in child.cmdline()
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False


def test_a_wished_picture_goes_live_and_stops_when_the_wish_is_dropped(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    camera, ingest = street.add("live"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    assert len(programs()) == 1
    drop_stream(camera, now=NOW)
    assert run_until(ingest, lambda: programs() == []) < 2.5
    run_until(ingest, lambda: row(camera).lease_owner == "")
    assert row(camera).state == StreamState.STOPPED


def test_a_removed_camera_and_one_without_address_are_let_go(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    removed, emptied, ingest = street.add("live"), street.add("live"), make_ingest()
    run_until(ingest, says(removed, StreamState.LIVE))
    run_until(ingest, says(emptied, StreamState.LIVE))
    remove_camera(removed, by=None, now=NOW)
    Camera.objects.filter(pk=emptied.pk).update(source_url="")
    run_until(ingest, lambda: programs() == [] and ingest.relays == {})
    run_until(ingest, lambda: {row(removed).lease_owner, row(emptied).lease_owner} == {""})
    assert {row(removed).state, row(emptied).state} == {StreamState.STOPPED}


def test_other_credentials_restart_the_picture(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("live"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    [before] = programs()
    give_source(camera, "rtsp://op:changed@fake/live")
    assert run_until(ingest, lambda: [program.pid for program in programs()] not in ([], [before.pid])) < 3
    run_until(ingest, says(camera, StreamState.LIVE))


def test_a_refused_camera_is_retried_and_says_why(
    street: Street, make_ingest: Callable[..., Supervisor], caplog: pytest.LogCaptureFixture
) -> None:
    camera, ingest = street.add("refused"), make_ingest()
    with caplog.at_level(logging.INFO):
        run_until(ingest, lambda: row(camera).failures >= 2)
    assert (row(camera).state, row(camera).problem_kind) == (StreamState.RETRYING, "refused")
    assert row(camera).problem != ""
    news = [record for record in caplog.records if record.name.startswith("streams")]
    assert [record.levelname for record in news] == ["WARNING"]
    assert news[0].getMessage().startswith(f"{camera.stream_id} retrying in 1 s: ")


def test_a_picture_that_stands_still_is_stalled_and_comes_back(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    camera, ingest = street.add("live"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    street.freeze_file.touch()
    run_until(ingest, says(camera, StreamState.RETRYING, "stalled"))
    street.freeze_file.unlink()
    run_until(ingest, says(camera, StreamState.LIVE))


def test_a_camera_that_stays_silent_times_out(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("silent"), make_ingest()
    run_until(ingest, says(camera, StreamState.RETRYING, "timeout"))


def test_a_process_that_ignores_the_wish_to_end_is_killed(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    camera, ingest = street.add("deaf"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    drop_stream(camera, now=NOW)
    run_until(ingest, lambda: programs() == [])


def test_an_unsafe_address_is_told_and_starts_nothing(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("live"), make_ingest()
    Camera.objects.filter(pk=camera.pk).update(source_url="file:///etc/passwd")
    run_until(ingest, says(camera, StreamState.RETRYING, "unsafe_source"))
    assert programs() == []


def test_a_sound_that_cannot_be_carried_is_left_behind(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("noisy"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE, "no_sound"))


def test_a_lost_media_server_is_not_the_cameras_failure(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("brief"), make_ingest()
    run_until(ingest, says(camera, StreamState.RETRYING, "media_server"))
    assert row(camera).failures == 0


def test_a_stolen_lease_ends_our_process_at_once(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("live"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    Stream.objects.update(lease_owner="theirs", lease_until=Now(), state=StreamState.STARTING)
    assert run_until(ingest, lambda: programs() == []) < 2
    assert (row(camera).lease_owner, row(camera).state) == ("theirs", StreamState.STARTING)


def test_a_process_takes_no_more_than_its_limit(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    cameras, small, rest = [street.add("live") for _ in range(3)], make_ingest("small", limit=1), make_ingest("rest")
    run_until(small, lambda: len(small.relays) == 1)
    run_until(rest, lambda: len(rest.relays) == 2)
    for _ in range(3):
        small.run_once()
    assert {row(camera).lease_owner for camera in cameras} == {"small", "rest"}
    assert len(small.relays) == 1


def test_a_clean_stop_leaves_no_process_and_no_lease(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    cameras, ingest = [street.add("live"), street.add("deaf")], make_ingest()
    run_until(ingest, lambda: all(says(camera, StreamState.LIVE)() for camera in cameras))
    stop = StopRequest()
    stop.ask()
    began = time.monotonic()
    ingest.run(stop)
    assert time.monotonic() - began < 2
    assert programs() == []
    assert {(row(camera).lease_owner, row(camera).state) for camera in cameras} == {("", StreamState.STOPPED)}


def test_each_round_is_a_sign_of_life(make_ingest: Callable[..., Supervisor]) -> None:
    ingest, stop, felt = make_ingest(), StopRequest(), list[str]()

    def feel() -> None:
        felt.append("pulse")
        if len(felt) == 2:
            stop.ask()

    ingest.pulse = feel
    ingest.run(stop)
    assert felt == ["pulse", "pulse"]


@pytest.mark.parametrize("count", [1, 8])
def test_a_quiet_second_costs_two_statements_whatever_the_number_of_pictures(
    street: Street, make_ingest: Callable[..., Supervisor], count: int
) -> None:
    cameras, ingest = [street.add("live") for _ in range(count)], make_ingest()
    run_until(ingest, lambda: all(says(camera, StreamState.LIVE)() for camera in cameras))
    ingest._pass_due = ingest.clock()
    ingest._renewed_at = ingest.clock()
    with CaptureQueriesContext(connection) as queries:
        ingest.run_once()
    assert [query["sql"].split()[0] for query in queries] == ["WITH", "SELECT"]


@pytest.mark.django_db(transaction=True)
def test_pictures_go_on_while_the_database_is_away(
    street: Street, make_ingest: Callable[..., Supervisor], caplog: pytest.LogCaptureFixture
) -> None:
    camera, ingest = street.add("live"), make_ingest()
    run_until(ingest, says(camera, StreamState.LIVE))
    before = [program.pid for program in programs()]
    with caplog.at_level(logging.INFO):
        cut_our_connection()
        run_until(ingest, lambda: any("is back" in record.getMessage() for record in caplog.records))
    assert [record.levelname for record in caplog.records if "atabase" in record.getMessage()] == ["WARNING", "INFO"]
    assert [program.pid for program in programs()] == before


def cut_our_connection() -> None:
    """Have Postgres drop our connection, as it does when it is stopped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


class Away:
    """A database that refuses as long as told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.refuses = True
        self.asked: list[float] = []

    def ask_at(self, now: float) -> Callable[[], str]:
        def answer() -> str:
            self.asked.append(now)
            if self.refuses:
                raise OperationalError("connection\nrefused")
            return "here"

        return answer


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_asked_less_and_less_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    database, away = Database(), Away()
    with caplog.at_level(logging.INFO):
        assert {database.ask(away.ask_at(now), now) for now in range(100, 120)} == {None}
        assert away.asked == [100, 101, 103, 107, 112, 117]
        away.refuses = False
        assert database.ask(away.ask_at(130), 130) == "here"
        assert database.ask(away.ask_at(131), 131) == "here"
    assert [record.getMessage() for record in caplog.records] == [
        "The database does not answer; running pictures go on. connection refused",
        "The database is back after 30 s.",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_frozen_database_does_not_hold_the_loop() -> None:
    database = Database(lambda: time_limit(0.3))

    def sleep_long() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")
        return "never"

    def count() -> int:
        return City.objects.count()

    began = time.monotonic()
    assert database.ask(sleep_long, 100) is None
    assert time.monotonic() - began < 5
    assert database.ask(count, 200) == 0
    # Postgres goes on sleeping for a client that left; the test's database cannot be removed under it.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)'"
        )
        assert cursor.fetchall() == [(1,)]


def test_a_restart_waits_a_whole_lease_while_ours_may_have_run_out(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    ingest = make_ingest()
    ingest._renewed_at = ingest.clock()
    assert ingest._delay_after("media_server", 0) == 1.0
    ingest._renewed_at = ingest.clock() - 16
    assert ingest._delay_after("media_server", 0) == 15.0


def test_a_signal_wakes_the_sleeper_at_once() -> None:
    stop = StopRequest()
    before = signal.getsignal(signal.SIGUSR1)
    stop.listen(signal.SIGUSR1)
    try:
        assert stop.wait(0) is False
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.wait(10) is True
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_picture_that_is_led_elsewhere_is_ended_in_words(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    camera, ingest = street.add("live"), make_ingest()
    ingest.peers = lambda pids: {pid: [(IPv4Address("169.254.169.254"), 80)] for pid in pids}
    run_until(ingest, says(camera, StreamState.RETRYING, "address_refused"))


def test_lost_credentials_are_told_and_start_nothing(street: Street, make_ingest: Callable[..., Supervisor]) -> None:
    camera, ingest = street.add("live"), make_ingest()
    ingest.carriers = Carriers(_find_command_maker())
    Camera.objects.filter(pk=camera.pk).update(source_credentials="sealed with a key of yesterday")
    run_until(ingest, says(camera, StreamState.RETRYING, "credentials_lost"))
    assert programs() == []


def test_an_address_that_is_no_cameras_is_told_and_starts_nothing(
    street: Street, make_ingest: Callable[..., Supervisor]
) -> None:
    camera, ingest = street.add("live"), make_ingest()
    ingest.carriers = Carriers(_find_command_maker())
    Camera.objects.filter(pk=camera.pk).update(source_url="rtsp://127.0.0.1/live")
    run_until(ingest, says(camera, StreamState.RETRYING, "address_refused"))
    assert programs() == []
