"""The checker must be able to fail: each violation is planted, on real files and rows, and must be seen."""

import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from cities.scope import every_city
from footage.layout import name_for
from recording.models import Hold, RecordingSession, Segment
from tests.faults.boxes import read_footage
from tests.faults.checker import Facts, Fault, Row, Wish, check, measure_loss, read_facts
from tests.footage.building import KEY, NOT_KEY, make_fragment, make_head, make_mtxi, make_mvhd
from tests.world import World

CAMERA = UUID("7b6b0f3e-6f63-4a35-9f3f-0a4f1cf6a001")
RECORDING = UUID("7b6b0f3e-6f63-4a35-9f3f-0a4f1cf6a002")
SESSION, HOLD = uuid4(), uuid4()
NOW = datetime(2026, 1, 27, 12, 0, tzinfo=UTC).timestamp()
OLD, YOUNG, BEFORE = NOW - 600, NOW - 20, NOW - 1
SAMPLES = [(180_000, 500, KEY), (180_000, 100, NOT_KEY)]


def write_segment(path: Path, starts: float, fragments: int = 5, *, torn: int = 0, number: int = 1) -> None:
    """Write a segment of fragments of 4 s that began then; its last bytes are cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    closed = make_mvhd(0 if torn else 4000 * fragments)
    head = make_head(mark=make_mtxi(RECORDING, number, int(starts * 1e9)), mvhd=closed)
    whole = head + b"".join(make_fragment(360_000 * number, SAMPLES) for number in range(fragments))
    path.write_bytes(whole[: len(whole) - torn])


def file_at(starts: float, camera: UUID = CAMERA) -> str:
    """The name that MediaMTX gives it."""
    return f"stream_{camera}/{name_for(datetime.fromtimestamp(starts, UTC))}"


def row_of(root: Path, file: str, pk: int, state: str = "ready") -> Row:
    """The row that the file deserves."""
    footage = read_footage(root / file)
    assert footage.starts is not None
    assert footage.ends is not None
    return Row(pk, CAMERA, file, "", state, footage.size, footage.whole_bytes, footage.starts, footage.ends)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a sealed file of the camera, one that still grows, and a held one."""
    write_segment(tmp_path / file_at(OLD), OLD)
    write_segment(tmp_path / file_at(YOUNG), YOUNG)
    (tmp_path / ".held/ab").mkdir(parents=True)
    (tmp_path / ".held/ab/1.mp4").write_bytes(b"kept")
    return tmp_path


@pytest.fixture
def before(root: Path) -> Facts:
    """What holds."""
    wish = Wish(CAMERA, recording=True, session=SESSION, is_online=True, online_changed_at=None)
    rows = (row_of(root, file_at(OLD), 1), row_of(root, file_at(YOUNG), 2, "open"))
    return look(root, Facts(NOW, rows, {CAMERA: wish}, frozenset({HOLD}), {}, {}, 1))


def look(root: Path, facts: Facts) -> Facts:
    """The same rows, and what lies on disk now."""
    files = {str(path.relative_to(root)): read_footage(path) for path in root.glob("stream_*/*.mp4")}
    links = {str(path.relative_to(root)): path.stat().st_size for path in root.glob(".held/*/*")}
    return replace(facts, files=files, links=links)


def name_violations(before: Facts, after: Facts, fault: Fault | None = None) -> list[str]:
    """The invariants that do not hold."""
    return [violation.invariant for violation in check(before, after, fault or Fault(BEFORE))]


def test_what_holds_is_not_complained_about(before: Facts) -> None:
    assert check(before, before, Fault(BEFORE)) == []


def test_a_missing_file_of_a_ready_row_is_seen(before: Facts, root: Path) -> None:
    (root / file_at(OLD)).unlink()
    assert name_violations(before, look(root, before)) == ["no acknowledged segment lost", "index = disk"]


def test_a_missing_file_with_a_held_link_is_no_loss(before: Facts, root: Path) -> None:
    (root / file_at(OLD)).rename(root / ".held/ab/1.mp4")
    held = replace(before.rows[0], held_file=".held/ab/1.mp4")
    assert name_violations(before, look(root, replace(before, rows=(held, before.rows[1])))) == []


def test_a_row_that_vanished_with_its_file_is_seen(before: Facts, root: Path) -> None:
    (root / file_at(OLD)).unlink()
    after = look(root, replace(before, rows=before.rows[1:]))
    assert name_violations(before, after) == ["no acknowledged segment lost"] * 2


def test_an_extra_file_is_seen_once_it_had_time_to_be_indexed(before: Facts, root: Path) -> None:
    write_segment(root / file_at(OLD - 30), OLD - 30)
    assert name_violations(before, look(root, before)) == ["index = disk"]
    (root / file_at(OLD - 30)).unlink()
    write_segment(root / file_at(NOW - 4), NOW - 4, 1)
    open_no_more = replace(before.rows[1], state="ready")
    assert name_violations(before, look(root, replace(before, rows=(before.rows[0], open_no_more)))) == []


def test_a_wrong_size_is_seen(before: Facts, root: Path) -> None:
    with (root / file_at(OLD)).open("ab") as file:
        file.write(b"more")
    assert name_violations(before, look(root, before)) == ["no acknowledged segment lost"]


def test_a_fragment_that_the_index_does_not_know_is_seen(before: Facts, root: Path) -> None:
    row = before.rows[0]
    shorter = replace(row, whole_bytes=row.whole_bytes - 1000, ends=row.ends - 4)
    assert name_violations(before, replace(before, rows=(shorter, before.rows[1]))) == ["index = disk"] * 2


@pytest.mark.parametrize(
    ("number", "earlier", "written", "seen"),
    [
        (0, 0.0, 0.0, 0),
        (0, 2.0, -2.0, 0),
        (0, 0.0, -2.0, 1),  # younger than the write that brought it
        (0, 7.0, -7.0, 1),
        (0, -1.0, 1.0, 1),  # later than it says
        (1, 2.0, -2.0, 1),  # only a recording's first file may lie earlier
    ],
)
def test_a_start_that_is_not_the_files_is_seen(
    before: Facts, root: Path, *, number: int, earlier: float, written: float, seen: int
) -> None:
    write_segment(root / file_at(OLD), OLD, number=number)
    row = before.rows[0]
    os.utime(root / row.file, (row.ends + written, row.ends + written))
    moved = replace(row, begins=row.begins - earlier, ends=row.ends - earlier)
    after = look(root, replace(before, rows=(moved, before.rows[1])))
    assert name_violations(after, after) == ["index = disk"] * seen


def test_a_torn_fragment_that_the_index_counts_is_seen(before: Facts, root: Path) -> None:
    write_segment(root / file_at(OLD), OLD, torn=10)
    row = replace(before.rows[0], size=before.rows[0].size - 10, is_recovered=True)
    after = look(root, replace(before, rows=(row, before.rows[1])))
    assert name_violations(after, after) == ["index = disk"] * 2


def test_a_crash_that_the_index_does_not_tell_is_seen(before: Facts, root: Path) -> None:
    write_segment(root / file_at(OLD), OLD, torn=10)
    footage = read_footage(root / file_at(OLD))
    assert footage.ends is not None
    right = replace(before.rows[0], size=footage.size, whole_bytes=footage.whole_bytes, ends=footage.ends)
    after = look(root, replace(before, rows=(right, before.rows[1])))
    assert name_violations(after, after) == ["index = disk"]
    told = replace(after, rows=(replace(right, is_recovered=True), before.rows[1]))
    assert name_violations(told, told) == []


def test_a_row_that_stays_open_is_seen(before: Facts) -> None:
    left_open = replace(before.rows[0], state="open")
    after = replace(before, rows=(left_open, before.rows[1]))
    assert name_violations(after, after) == ["index = disk"]


def test_a_row_without_a_file_is_seen(before: Facts) -> None:
    invented = replace(before.rows[1], pk=3, file=file_at(OLD - 30))
    assert name_violations(before, replace(before, rows=(*before.rows, invented))) == ["index = disk"]


def test_an_offline_flip_is_seen_even_when_it_is_over(before: Facts) -> None:
    wish = before.wishes[CAMERA]
    gone = replace(before, wishes={CAMERA: replace(wish, is_online=False, online_changed_at=datetime.now(UTC))})
    back = replace(before, wishes={CAMERA: replace(wish, online_changed_at=datetime.now(UTC))})
    assert [name_violations(before, after) for after in (gone, back)] == [["no false OFFLINE"]] * 2
    assert name_violations(before, gone, Fault(BEFORE, sends_offline=True)) == []


def test_a_lost_wish_is_seen(before: Facts) -> None:
    wish = before.wishes[CAMERA]
    changed = [replace(wish, recording=False), replace(wish, session=None), replace(wish, session=uuid4())]
    found = [name_violations(before, replace(before, wishes={CAMERA: each})) for each in changed]
    assert found == [["wishes survive"]] * 3
    assert "wishes survive" in name_violations(before, replace(before, wishes={}))


def test_a_lost_hold_and_a_lost_link_are_seen(before: Facts, root: Path) -> None:
    assert name_violations(before, replace(before, holds=frozenset())) == ["holds intact"]
    shutil.rmtree(root / ".held")
    assert name_violations(before, look(root, before)) == ["holds intact"]


def go_on(root: Path, before: Facts, starts: float) -> Facts:
    """The recording goes on in another file, which is indexed."""
    write_segment(root / file_at(starts), starts, 1)
    rows = (*before.rows[:1], replace(before.rows[1], state="ready"), row_of(root, file_at(starts), 3, "open"))
    return look(root, replace(before, at=starts + 4, rows=rows))


def test_a_hole_in_what_was_not_interrupted_is_seen(before: Facts, root: Path) -> None:
    after = go_on(root, before, NOW + 1)
    assert name_violations(before, after) == ["loss ≤ a fragment + 0.5 s"]
    assert measure_loss(before, after, CAMERA, Fault(NOW)) == pytest.approx(1.0)


def test_a_loss_of_more_than_a_fragment_is_seen(before: Facts, root: Path) -> None:
    after = go_on(root, before, NOW + 6)
    small, large = Fault(NOW + 4.4, breaks_recording=True), Fault(NOW + 4.6, breaks_recording=True)
    assert name_violations(before, after, small) == []
    assert name_violations(before, after, large) == ["loss ≤ a fragment + 0.5 s"]
    assert name_violations(before, after, replace(large, loses_more=True)) == []


def test_a_recorder_that_does_not_come_back_is_seen(before: Facts) -> None:
    assert name_violations(before, replace(before, at=NOW + 20)) == ["recording goes on"]


def test_an_index_that_stays_behind_is_seen(before: Facts, root: Path) -> None:
    row = replace(before.rows[1], ends=NOW - 31)
    assert name_violations(before, replace(before, rows=(before.rows[0], row))) == ["index = disk"]
    assert name_violations(before, before, Fault(NOW + 1)) == ["index = disk"]


@pytest.mark.django_db(transaction=True)
def test_it_reads_our_tables(world: World, tmp_path: Path) -> None:
    """The queries are written by hand: a column that is renamed must not make the checker blind."""
    now = datetime.fromtimestamp(int(time.time()), UTC)
    with every_city("a test plays the index"):
        session = RecordingSession.objects.create(
            camera=world.camera, city=world.city, stream_id="x", started_at=now, storage_path="x"
        )
        common = {"camera": world.camera, "city": world.city, "media_server": world.server, "state": "ready"}
        times = {"start": now, "end": now + timedelta(seconds=4), "indexed_at": now}
        segment = Segment.objects.create(**common, **times, size=7, whole_bytes=6, file="a", held_file="b")
        hold = Hold.objects.create(
            camera=world.camera, city=world.city, starts_at=now, ends_at=times["end"], reason="x", created_at=now
        )
    address = make_conninfo(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])
    facts = read_facts(address, world.server.pk, tmp_path)
    start = now.timestamp()
    assert facts.rows == (Row(segment.pk, world.camera.pk, "a", "b", "ready", 7, 6, start, start + 4),)
    assert facts.wishes[world.camera.pk] == Wish(world.camera.pk, False, session.pk, False, None)
    assert facts.holds == {hold.pk}
