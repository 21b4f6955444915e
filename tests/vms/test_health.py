"""/health tells the truth about each part, in words and in time; /health/ready says whether to send us requests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cameras.models import MediaServer
from cities.scope import every_city
from observers.models import Alarm, AlarmKind
from observers.services import HEARTBEAT_KEY
from recording.models import Forecast, Storage
from recording.retention.disk import WaterMarks, choose_water_marks
from recording.storage.queries import StorageTroubles
from tests.fakes.mediamtx import FakeMediaMTX
from tests.world import make_world
from vms import probes
from vms.alarm_reasons import MEANINGS, TOLD_ELSEWHERE
from vms.health import Health, has_room, judge
from vms.probes import DatabaseAnswer, DiskSpace, Findings, RedisAnswer

NOW = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)
WELL = Findings(
    mediamtx=True,
    redis=RedisAnswer(NOW - timedelta(seconds=7)),
    database=DatabaseAnswer(is_migrated=True),
    disk=DiskSpace(free_bytes=10**12, total_bytes=2 * 10**12),
)


def storage(**troubles: int) -> DatabaseAnswer:
    return DatabaseAnswer(is_migrated=True, storage=StorageTroubles(**troubles))


def judge_with(**changes: Any) -> Health:
    return judge(Findings(**{**vars(WELL), **changes}), NOW)


def test_all_well_is_healthy() -> None:
    assert judge(WELL, NOW) == Health(WELL, 7.0, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mediamtx": False}, "MEDIAMTX_API_URL"),
        ({"redis": None}, "REDIS_URL"),
        ({"redis": RedisAnswer(None)}, "not heard yet"),
        ({"redis": RedisAnswer(NOW - timedelta(seconds=46))}, "46 s ago"),
        # Noted before the clock was set back, and never since.
        ({"redis": RedisAnswer(NOW + timedelta(hours=3))}, "10800 s ago"),
        ({"redis": RedisAnswer(NOW, "it is not ours")}, "may be recorded: it is not ours"),
        ({"database": None}, "DATABASE_URL"),
        ({"database": DatabaseAnswer(is_migrated=False)}, "manage.py migrate"),
        ({"database": DatabaseAnswer(is_migrated=True, unreachable_servers=1)}, "1 media server gives"),
        ({"database": DatabaseAnswer(is_migrated=True, unreachable_servers=2)}, "2 media servers give"),
        (
            {"database": DatabaseAnswer(is_migrated=True, servers_in_trouble={"mass_loss": 1})},
            "1 media server: many cameras went offline",
        ),
        (
            {"database": DatabaseAnswer(is_migrated=True, servers_in_trouble={"footage_in_doubt": 2})},
            "2 media servers: the folder of recordings",
        ),
        ({"disk": None}, "VMS_RECORDINGS"),
        ({"disk": DiskSpace(free_bytes=5 * 10**8 - 1, total_bytes=10**10)}, "0.5 GB left"),
        ({"disk": DiskSpace(free_bytes=9 * 10**9, total_bytes=10**12)}, "9.0 GB left"),
        ({"database": storage(refusing=1)}, "1 media server records nothing: only held footage is left."),
        ({"database": storage(refusing=2)}, "2 media servers record nothing: only held footage is left."),
        ({"database": storage(full=1)}, "1 media server's disk is full: nothing more can be written."),
        ({"database": storage(broken_promises=1)}, "1 media server's MediaMTX deletes footage before its promised"),
        ({"database": storage(short_cities=3)}, "3 cities get fewer days than promised"),
    ],
)
def test_each_ailment_has_its_words(change: dict[str, Any], words: str) -> None:
    (reason,) = judge_with(**change).reasons
    assert words in reason


def test_beat_may_be_late_but_not_long() -> None:
    assert judge_with(redis=RedisAnswer(NOW - timedelta(seconds=45))).reasons == []
    assert judge_with(redis=RedisAnswer(NOW + timedelta(seconds=5))).beat_age == 5.0


@given(total=st.integers(0, 10**15), share=st.floats(0, 1))
def test_the_disk_has_room_while_the_ring_keeps_up(total: int, share: float) -> None:
    free = int(total * share)
    assert has_room(with_disk(free, total)) == (free >= choose_water_marks(total).low // 2)


def with_disk(free: int, total: int, marks: WaterMarks | None = None) -> Findings:
    database = DatabaseAnswer(is_migrated=True, marks=marks)
    return Findings(**{**vars(WELL), "disk": DiskSpace(free, total), "database": database})


def test_an_operators_own_marks_count() -> None:
    tera = 10**12
    found = [has_room(with_disk(6 * 10**9, 100 * tera, marks)) for marks in (None, WaterMarks(10**10, 2 * 10**10))]
    assert found == [False, True]
    assert has_room(Findings(**{**vars(WELL), "disk": None})) is False


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        taker = threading.Thread(target=take)
        taker.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        taker.join()
        for connection in kept:
            connection.close()


@pytest.fixture
def mediamtx(settings: Any) -> Iterator[FakeMediaMTX]:
    fake = FakeMediaMTX()
    settings.MEDIAMTX_API_URL = fake.url
    yield fake
    fake.stop()


@pytest.fixture
def heartbeat() -> None:
    cache.set(HEARTBEAT_KEY, datetime.now(UTC).isoformat(), timeout=None)


@pytest.fixture
def roomy_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of the test machine may be nearly full; it is not what is tested."""
    monkeypatch.setattr("vms.probes.ask_disk", lambda: DiskSpace(10**12, 10**12))


def look() -> tuple[Any, float]:
    """Ask /health; give its answer and the seconds it took."""
    begun = time.monotonic()
    answer = Client().get("/health")
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    return answer.json(), time.monotonic() - begun


def test_a_whole_installation_is_healthy(
    transactional_db: None, mediamtx: Any, heartbeat: None, roomy_disk: None
) -> None:
    health, _ = look()
    assert 0 <= health.pop("beat_age") < 30
    assert health == {
        "status": "healthy",
        "mediamtx": True,
        "redis": True,
        "database": True,
        "disk": {"free_bytes": 10**12, "total_bytes": 10**12, "ok": True},
        "reasons": [],
    }


def test_the_disk_is_the_one_of_the_recordings(settings: Any, tmp_path: Path) -> None:
    settings.VMS_RECORDINGS = tmp_path / "not" / "made" / "yet"
    disk = probes.ask_disk()
    assert disk is not None
    assert 0 < disk.free_bytes <= disk.total_bytes


def test_unreachable_media_servers_are_counted(transactional_db: None) -> None:
    for name, reach in (("a", "unreachable"), ("b", "reachable"), ("c", "unknown")):
        MediaServer.objects.create(name=name, reach=reach)
    assert probes.ask_database() == DatabaseAnswer(is_migrated=True, unreachable_servers=1)


def test_alarms_about_media_servers_are_counted_whatever_the_cities(transactional_db: None) -> None:
    world = make_world()
    about = {"opened_at": NOW, "last_seen_at": NOW}
    with every_city("both cities have an alarm"):
        for city in (world.city, world.other_city):
            Alarm.objects.create(city=city, media_server=world.server, kind="disk_forecast", **about)
        Alarm.objects.create(city=world.city, media_server=world.server, kind="mass_loss", closed_at=NOW, **about)
        Alarm.objects.create(city=world.city, camera=world.camera, kind="frozen", **about)
    answer = probes.ask_database()
    assert answer is not None
    assert answer.servers_in_trouble == {"disk_forecast": 1}


def test_each_alarm_that_a_media_server_may_have_has_its_words() -> None:
    assert set(MEANINGS) == set(AlarmKind) - TOLD_ELSEWHERE - {AlarmKind.CAMERA_OFFLINE}


def test_troubles_of_the_disks_are_counted_and_no_city_is_named(transactional_db: None, settings: Any) -> None:
    world, now = make_world(), datetime.now(UTC)
    settings.VMS_RECORDINGS = Path(world.server.recordings_root)
    Storage.objects.create(
        media_server=world.server,
        low_bytes=10**9,
        high_bytes=2 * 10**9,
        total_bytes=10**12,
        free_bytes=1000,
        measured_at=now,
        refuses_since=now,
        delete_after_seconds=3600,
        promised_days=7,
    )
    with every_city("a test writes rows of both cities"):
        for city, days in ((world.city, 6.99), (world.other_city, 7.0)):
            Forecast.objects.create(
                city=city,
                media_server=world.server,
                bytes_per_day=1,
                footage_bytes=0,
                held_bytes=0,
                room_bytes=7,
                yields_days=days,
                promised_days=7,
                measured_at=now,
            )
    troubles = StorageTroubles(broken_promises=1, refusing=1, full=1, short_cities=1)
    marks = WaterMarks(10**9, 2 * 10**9)
    assert probes.ask_database() == DatabaseAnswer(is_migrated=True, storage=troubles, marks=marks)
    assert "Aurora" not in " ".join(judge_with(database=probes.ask_database()).reasons)


@contextmanager
def database_at(**changes: Any) -> Iterator[None]:
    """Let new connections go elsewhere."""
    settings = connections.settings["default"]
    before = dict(settings)
    settings.update(changes)
    try:
        yield
    finally:
        settings.update(before)


def ask_all_while_silent(settings: Any) -> tuple[Any, float]:
    with silent_server() as port:
        settings.MEDIAMTX_API_URL = f"http://127.0.0.1:{port}"
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        with database_at(HOST="127.0.0.1", PORT=str(port)):
            return look()


@pytest.mark.slow
def test_parts_that_hang_are_told_in_time(transactional_db: None, settings: Any) -> None:
    health, seconds = ask_all_while_silent(settings)
    assert (health["status"], health["mediamtx"], health["redis"], health["database"]) == (
        "degraded",
        False,
        False,
        False,
    )
    assert (health["beat_age"], len(health["reasons"]) >= 3) == (None, True)
    assert seconds < 3
    probes._line_to.cache_clear()


def test_parts_that_are_gone_are_told_at_once(transactional_db: None, settings: Any, free_port: Any) -> None:
    port = free_port()
    settings.MEDIAMTX_API_URL = f"http://127.0.0.1:{port}"
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    with database_at(HOST="127.0.0.1", PORT=str(port)):
        health, seconds = look()
    assert (health["mediamtx"], health["redis"], health["database"]) == (False, False, False)
    assert seconds < 1.5


def test_a_question_that_hangs_for_ever_hangs_one_thread_only(monkeypatch: pytest.MonkeyPatch) -> None:
    released, begun = threading.Event(), []

    def hang() -> bool:
        begun.append(threading.get_ident())
        return released.wait(30)

    monkeypatch.setattr(probes, "ANSWER_WITHIN", 0.2)
    answers = [probes._ask({"stuck": hang, "fine": lambda: 1}) for _ in range(3)]
    assert answers == [{"stuck": None, "fine": 1}] * 3
    released.set()
    assert probes._ask({"stuck": lambda: 2}) == {"stuck": 2}
    assert len(begun) == 1


def test_a_browser_with_a_session_gets_its_answer_without_a_database(
    transactional_db: None, django_user_model: Any, free_port: Any
) -> None:
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(django_user_model.objects.create_user("someone"))
    connections["default"].close()
    with database_at(HOST="127.0.0.1", PORT=str(free_port())):
        answer = browser.get("/health")
        assert (answer.status_code, answer.json()["database"], answer.json()["status"]) == (200, False, "degraded")
        ready = browser.get("/health/ready")
        assert (ready.status_code, ready["Content-Type"]) == (503, "application/problem+json")
        assert "DATABASE_URL" in ready.json()["detail"]


def test_ready_is_ready(transactional_db: None) -> None:
    answer = Client().get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_a_database_without_tables_is_not_ready(transactional_db: None) -> None:
    with database_at(NAME="postgres"):
        answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["detail"]
