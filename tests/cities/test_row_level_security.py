"""Postgres itself shows nothing of another city, and nothing at all outside of any: the scope's second wall."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from cameras.models import Camera, CameraGroup, CameraOutage, GroupedCamera, GroupMember
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, AuditEntry, City, Membership, User
from cities.postgres.scoped import ScopedConnection
from cities.row_level_security import NARROW_POLICY, POLICY
from cities.scope import CityOwned, camera_column_of, city_scope, every_city, narrowed_to
from inventory.models import Errand
from mosaics.models import Mosaic, MosaicTile
from observers.models import Alarm
from recording.models import (
    Deletion,
    DeletionRecord,
    Forecast,
    Gap,
    Hold,
    RecordingSession,
    RetentionPolicy,
    Segment,
)
from replay.models import SegmentPicture
from streams.models import Stream
from tests.world import NOW, World

MODELS = [model for model in apps.get_models() if issubclass(model, CityOwned)]
TABLES = sorted(model._meta.db_table for model in MODELS)
OF_ALL = "every test of these looks at both cities"
HOUR = timedelta(hours=1)
REFUSED = "violates row-level security policy"

Ask = Callable[[str], list[Any]]


def ask(query: str) -> list[Any]:
    """Ask as a careless programmer would: by Django's cursor, in SQL, with no filter."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def ask_the_driver(query: str) -> list[Any]:
    """Ask by a cursor of psycopg's own, prepared, on Django's connection."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query.encode(), prepare=True)
        return [row[0] for row in cursor.fetchall()]


def ask_by_copy(query: str) -> list[Any]:
    """Have it copied out."""
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        return [UUID(row[0]) if len(row[0]) == 36 else row[0] for row in copy.rows()]


def ask_on_the_server(query: str) -> list[Any]:
    """Ask by a cursor that lives in the server."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def ask_for_each(query: str) -> list[Any]:
    """Ask in a pipeline, one answer for each set of values."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.executemany(query.replace("SELECT", "SELECT /* %s */"), [("one",)], returning=True)
        return [row[0] for row in cursor.fetchall()]


def ask_by_stream(query: str) -> list[Any]:
    """Take the rows as they come."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        return [row[0] for row in cursor.stream(query.encode())]


WAYS = [ask, ask_the_driver, ask_by_copy, ask_on_the_server, ask_for_each, ask_by_stream]


@pytest.fixture
def full(world: World) -> World:
    """A world in which each city has a row in every table, and the platform an entry in its log."""
    with every_city(OF_ALL):
        for number, camera in enumerate((world.camera, world.foreign_camera)):
            fill(camera, number)
    note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, world.owner, NOW))
    return world


def fill(camera: Camera, number: int) -> None:
    """Give a camera, and thereby its city, a row in every table."""
    own: dict[str, Any] = {"camera": camera, "city_id": camera.city_id}
    note_deed(camera.city_id, Deed(AuditAction.RECORDING_ON, None, NOW))
    Alarm.objects.create(**own, kind="camera_offline", detail="{}", opened_at=NOW, last_seen_at=NOW)
    CameraOutage.objects.create(**own, began_at=NOW)
    mosaic = Mosaic.objects.create(city=camera.city, name="Wall", rows=1, columns=1, created_at=NOW, updated_at=NOW)
    MosaicTile.objects.create(**own, mosaic=mosaic, position=0)
    group = CameraGroup.objects.create(city_id=camera.city_id, name="Centre")
    GroupedCamera.objects.create(**own, group=group)
    member = Membership.objects.filter(city=camera.city_id)[0]
    GroupMember.objects.create(city_id=camera.city_id, group=group, membership=member)
    gone = {"day": NOW.date(), "segments": 1, "bytes": 1}
    Deletion.objects.create(**own, **gone, rule="age", is_early=False, start=NOW, end=NOW, last_at=NOW)
    DeletionRecord.objects.create(city_id=camera.city_id, **gone, early_segments=0, sealed_at=NOW)
    sizes = dict.fromkeys(["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes"], 1)
    Forecast.objects.create(
        city=camera.city, media_server=camera.media_server, promised_days=7, measured_at=NOW, **sizes
    )
    Gap.objects.create(**own, start=NOW, cause="unknown")
    Hold.objects.create(**own, starts_at=NOW, ends_at=NOW + HOUR, reason="a case", created_at=NOW)
    RecordingSession.objects.create(**own, stream_id=camera.stream_id, started_at=NOW)
    RetentionPolicy.objects.create(**own, days=7)
    segment = Segment.objects.create(
        **own,
        media_server=camera.media_server,
        start=NOW,
        end=NOW + HOUR,
        size=1,
        whole_bytes=1,
        file=f"{number}.mp4",
        state="ready",
        indexed_at=NOW,
    )
    SegmentPicture.objects.create(**own, segment=segment, wanted_at=NOW)
    Stream.objects.create(**own, wished_at=NOW)
    asked = {"kind": "switch", "content": "", "made_at": NOW, "expires_at": NOW + HOUR}
    Errand.objects.create(city_id=camera.city_id, by=User.objects.all()[0], **asked)


def cities_of(world: World) -> list[UUID]:
    return sorted([world.city.pk, world.other_city.pk])


def test_every_table_of_the_cities_is_walled_off(db: None) -> None:
    walled = ask("SELECT relname::text FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
    assert walled == TABLES
    policies = ask(
        "SELECT concat_ws(' ', tablename, policyname, permissive, cmd, roles, md5(qual), qual = with_check) "
        "FROM pg_policies WHERE policyname = 'rows_of_the_cities_in_scope' ORDER BY tablename"
    )
    (digest,) = set(ask(f"SELECT DISTINCT md5(qual) FROM pg_policies WHERE policyname = '{POLICY}'"))  # noqa: S608 -- as above
    assert policies == [f"{table} {POLICY} PERMISSIVE ALL {{public}} {digest} t" for table in TABLES]


def test_the_role_we_work_as_is_held_to_it(db: None) -> None:
    assert ask("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") == [False]


def test_every_table_with_a_camera_or_of_the_whole_city_is_narrowed_too(db: None) -> None:
    """A new table of a city's rows wants `narrow_to_cameras` in its migration beside `wall_off`."""
    narrowed = ask(
        f"SELECT tablename::text FROM pg_policies WHERE policyname = '{NARROW_POLICY}' "  # noqa: S608 -- our own name
        "AND permissive = 'RESTRICTIVE' AND cmd = 'ALL' AND qual = with_check ORDER BY tablename"
    )
    assert narrowed == sorted(model._meta.db_table for model in MODELS if is_narrowed(model))


def is_narrowed(model: type[CityOwned]) -> bool:
    return camera_column_of(model) is not None or not model.seen_without_camera


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_who_sees_some_cameras_sees_the_rows_of_those_by_whatever_way(
    full: World, model: type[CityOwned], way: Ask
) -> None:
    table, city = model._meta.db_table, full.city.pk
    query = f'SELECT city_id FROM "{table}" WHERE city_id IS NOT NULL'  # noqa: S608 -- our own tables' names
    with city_scope(full.city.pk, full.other_city.pk):
        with narrowed_to({city: frozenset()}):
            assert set(way(query)) == {full.other_city.pk, *([] if is_narrowed(model) else [city])}
            assert model.objects.count() == len(way(query))
        with narrowed_to({city: frozenset([full.camera.pk])}):
            sees = camera_column_of(model) is not None or model.seen_without_camera or model.seen_through
            assert set(way(query)) == {full.other_city.pk, *([city] if sees else [])}
            assert model.objects.count() == len(way(query))
        assert set(way(query)) == {city, full.other_city.pk}
        with narrowed_to({city: frozenset()}), every_city(OF_ALL):
            assert set(way(query)) == {city, full.other_city.pk}


def test_who_sees_some_cameras_changes_nothing_of_the_others(full: World) -> None:
    rename = "UPDATE cameras_camera SET location = 'elsewhere'"
    with city_scope(full.city.pk):
        assert change(rename) == 1
        with narrowed_to({full.city.pk: frozenset()}):
            assert change(rename) == 0
            with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
                Gap.objects.create(camera=full.camera, city=full.city, start=NOW + HOUR, cause="unknown")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("table", TABLES)
def test_who_asks_without_a_scope_sees_nothing_and_in_one_its_city_alone(full: World, table: str, way: Ask) -> None:
    query = f'SELECT city_id FROM "{table}" WHERE city_id IS NOT NULL'  # noqa: S608 -- our own tables' names
    assert way(query) == []
    for city in (full.city, full.other_city):
        with city_scope(city.pk):
            assert set(way(query)) == {city.pk}
        assert way(query) == []
    with every_city(OF_ALL):
        assert sorted(set(way(query))) == cities_of(full)
    with city_scope(full.city.pk, full.other_city.pk):
        assert sorted(set(way(query))) == cities_of(full)
    with city_scope():
        assert way(query) == []


def test_the_platforms_own_log_is_seen_in_the_scope_of_all_alone(full: World) -> None:
    query = "SELECT count(*) FROM cities_auditentry WHERE city_id IS NULL"
    with city_scope(full.city.pk, full.other_city.pk):
        assert ask(query) == [0]
    with every_city(OF_ALL):
        assert ask(query) == [1]


def lift_guard_of_log() -> None:
    """Let the policy answer, before the log's own guard does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cities_auditentry DISABLE TRIGGER audit_entries_stay")


def change(statement: str) -> int:
    """Run a statement in a savepoint that is taken back; gives how many rows it reached."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        reached = int(cursor.rowcount)
        transaction.set_rollback(True)
    return reached


@pytest.mark.parametrize("table", TABLES)
def test_who_writes_without_a_scope_reaches_nothing_and_in_one_its_city_alone(full: World, table: str) -> None:
    lift_guard_of_log()
    update, delete = f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'  # noqa: S608 -- our own tables' names
    assert (change(update), change(delete)) == (0, 0)
    with every_city(OF_ALL):
        all_rows = change(update)
    with city_scope(full.city.pk):
        own = change(update)
    with city_scope(full.other_city.pk):
        foreign = change(update)
        assert (change(f"{update} WHERE city_id = '{full.city.pk}'"), foreign >= 1) == (0, True)
    assert all_rows == own + foreign + (table == "cities_auditentry")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_moved_to_another_city(full: World, table: str) -> None:
    lift_guard_of_log()
    move = f"UPDATE \"{table}\" SET city_id = '{full.other_city.pk}'"  # noqa: S608 -- our own tables' names
    assert change(move) == 0
    with city_scope(full.city.pk), pytest.raises(DatabaseError, match=REFUSED):
        change(move)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_of_another_city_comes_in(full: World, table: str) -> None:
    """The very row that is there, put in once more: the policy speaks before any key does."""
    columns = ask(f"SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}'")  # noqa: S608 -- as above
    names = ", ".join(f'"{name}"' for name in columns)
    with every_city(OF_ALL), connection.cursor() as cursor:
        copied = f'CREATE TEMPORARY TABLE copied AS SELECT * FROM "{table}" WHERE city_id = %s'  # noqa: S608 -- our own tables' names
        cursor.execute(copied, [full.other_city.pk])
    insert = f'INSERT INTO "{table}" ({names}) SELECT {names} FROM copied'  # noqa: S608 -- our own tables' names
    with pytest.raises(DatabaseError, match=REFUSED):
        change(insert)
    with city_scope(full.city.pk), pytest.raises(DatabaseError, match=REFUSED):
        change(insert)
    with city_scope(full.other_city.pk), pytest.raises(IntegrityError):
        change(insert)


def test_an_upsert_smuggles_nothing_in(full: World) -> None:
    upsert = (
        "INSERT INTO recording_gap (camera_id, city_id, start, cause) SELECT %s, %s, %s, 'unknown' "
        "ON CONFLICT (camera_id, start) DO UPDATE SET cause = 'deleted'"
    )
    values: list[Any] = [str(full.foreign_camera.pk), str(full.city.pk), NOW]
    with city_scope(full.city.pk), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        connection.cursor().execute(upsert, values)


SEEN = "SELECT city_id FROM cameras_camera ORDER BY city_id"


def test_scopes_nest_whatever_is_asked_between(full: World) -> None:
    with every_city(OF_ALL):
        with city_scope(full.city.pk):
            assert ask(SEEN) == [full.city.pk]
            with city_scope(full.other_city.pk):
                assert ask(SEEN) == [full.other_city.pk]
            assert ask(SEEN) == [full.city.pk]
        assert ask(SEEN) == cities_of(full)
    assert ask(SEEN) == []


@pytest.fixture
def committed(transactional_db: None, full: World) -> Iterator[World]:
    """The same, but each test's transactions are its own."""
    connection.close()
    yield full
    connection.close()


def roll_back() -> None:
    transaction.set_rollback(True)


def fail_at_commit() -> None:
    """Break a deferred key, so that the COMMIT is none."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE recording_gap SET camera_id = gen_random_uuid()")


@pytest.mark.parametrize("end", [lambda: None, roll_back, fail_at_commit], ids=["commit", "rollback", "failed commit"])
@pytest.mark.parametrize("before", [True, False])
def test_however_a_transaction_ends_the_setting_is_that_of_the_scope(
    committed: World, end: Callable[[], None], *, before: bool
) -> None:
    with city_scope(committed.city.pk):
        if before:
            assert ask(SEEN) == [committed.city.pk]
    try:
        with transaction.atomic():
            assert ask(SEEN) == []
            with city_scope(committed.other_city.pk):
                assert ask(SEEN) == [committed.other_city.pk]
                end()
    except IntegrityError:
        assert end is fail_at_commit
    with city_scope(committed.other_city.pk):
        assert ask(SEEN) == [committed.other_city.pk]
    assert ask(SEEN) == []
    with every_city(OF_ALL):
        assert ask(SEEN) == cities_of(committed)


def by_django() -> None:
    with transaction.atomic():
        ask("SELECT 1")
        transaction.set_rollback(True)


def by_error() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ask("SELECT 1 / 0")


def by_the_driver() -> None:
    with connection.connection.transaction(force_rollback=True):
        ask("SELECT 1")


def by_hand() -> None:
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("SAVEPOINT mine")
        cursor.execute("SELECT 1")
        cursor.execute("ROLLBACK TO SAVEPOINT mine")


@pytest.mark.parametrize("step", [by_django, by_error, by_the_driver, by_hand])
@pytest.mark.parametrize("way", WAYS)
def test_a_savepoint_that_is_taken_back_takes_no_scope_with_it(
    committed: World, step: Callable[[], None], way: Ask
) -> None:
    with transaction.atomic():
        assert way(SEEN) == []
        with transaction.atomic(), city_scope(committed.city.pk):
            # Told for the first time within the savepoint of `step`, so that it goes with it.
            step()
            assert way(SEEN) == [committed.city.pk]
            with city_scope(committed.other_city.pk):
                step()
                assert way(SEEN) == [committed.other_city.pk]
            step()
            assert way(SEEN) == [committed.city.pk]
        assert way(SEEN) == []
    assert way(SEEN) == []


@pytest.mark.parametrize("way", WAYS)
def test_autocommit_a_failure_and_a_new_connection(committed: World, way: Ask) -> None:
    with city_scope(committed.city.pk):
        assert way(SEEN) == [committed.city.pk]
        with pytest.raises(DatabaseError):
            ask("SELECT 1 / 0")
        assert way(SEEN) == [committed.city.pk]
        connection.close()
        assert way(SEEN) == [committed.city.pk]
    connection.close()
    assert way(SEEN) == []


def test_a_connection_that_the_server_ended_is_told_anew(committed: World) -> None:
    with city_scope(committed.city.pk):
        (pid,) = ask("SELECT pg_backend_pid()")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(end_backend, pid).result()
        with pytest.raises(DatabaseError):
            ask(SEEN)
        connection.close_if_unusable_or_obsolete()
        assert ask(SEEN) == [committed.city.pk]


def end_backend(pid: int) -> None:
    ask(f"SELECT pg_terminate_backend({pid}, 5000)")
    connections["default"].close()


def test_another_thread_is_in_no_scope(committed: World) -> None:
    def look() -> list[Any]:
        try:
            return ask(SEEN)
        finally:
            connections["default"].close()

    with every_city(OF_ALL), ThreadPoolExecutor(1) as pool:
        assert pool.submit(look).result() == []
        assert ask(SEEN) == cities_of(committed)


def test_a_statement_is_told_once(committed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []
    plain = psycopg.Connection._exec_command

    def note(self: Any, command: Any, *args: Any, **kwargs: Any) -> Any:
        told.append(command)
        return (yield from plain(self, command, *args, **kwargs))

    connection.ensure_connection()
    assert isinstance(connection.connection, ScopedConnection)
    monkeypatch.setattr(psycopg.Connection, "_exec_command", note)
    with city_scope(committed.city.pk):
        for _ in range(3):
            ask(SEEN)
            with transaction.atomic():
                ask(SEEN)
    assert [command for command in told if b"vms.cities" in command] == [
        f"SET vms.cities = '{committed.city.pk}'".encode()
    ]


def test_what_a_relation_leads_to_is_behind_the_wall_too(full: World) -> None:
    """Django follows a foreign key by a manager without a scope."""
    with every_city(OF_ALL):
        gap = Gap.objects.get(city=full.other_city)
    with city_scope(full.city.pk), pytest.raises(Camera.DoesNotExist):
        _ = gap.camera.name
    with city_scope(full.city.pk):
        assert Camera._base_manager.count() == 1
        assert AuditEntry._base_manager.count() == 1


@pytest.mark.django_db(transaction=True)
def test_migrations_see_every_row(world: World) -> None:
    call_command("migrate", "cities", "0004", verbosity=0)
    try:
        assert ask("SELECT count(*) FROM cities_membership") == [4]
    finally:
        call_command("migrate", verbosity=0)
    assert ask("SELECT count(*) FROM cities_membership") == [0]
    with connection.schema_editor():
        assert ask("SELECT count(*) FROM cities_membership") == [4]
    assert ask("SELECT count(*) FROM cities_membership") == [0]


def test_what_is_no_city_s_is_seen_by_all(world: World) -> None:
    assert City.objects.count() == 2
