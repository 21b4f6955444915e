"""The independent checker: reads the disk and the database, by nothing of ours, and names what does not hold."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from tests.faults.boxes import Footage, read_footage

PART_SECONDS = 4.0
GRACE_SECONDS = 0.5
LARGEST_LOSS = PART_SECONDS + GRACE_SECONDS
LARGEST_SEAM = 0.5
"""Seconds between two fragments of a recording that was not interrupted."""

WRITTEN_WITHIN = 15.0
"""A camera that records has a whole fragment no older than this: one is written each 4 s, and machines are slow."""

INDEXED_WITHIN = 25.0
"""A file that began so long ago must have a row: a look comes each 10 s, and one may be late."""

SHOWN_WITHIN = 30.0
"""Footage no older than this is in the index: a fragment of 4 s, a look each 10 s, and one may be late."""

MOST_EARLIER = 6.0
"""A recording's first file may have begun so many seconds earlier than it says."""

WRITTEN_AT_ONCE = 0.3
"""No footage is younger than the write that brought it, but for the trembling of clocks."""

EVERY_CITY = "-c vms.cities=*"
"""What a connection that is none of ours must say to be shown the cities' rows."""

_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6}\.mp4")


@dataclass(frozen=True)
class Violation:
    """What does not hold: an invariant's name, and where."""

    invariant: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.detail}"


@dataclass(frozen=True)
class Row:
    """A segment's row; `begins` and `ends` in seconds since 1970."""

    pk: int
    camera: UUID
    file: str
    held_file: str
    state: str
    size: int
    whole_bytes: int
    begins: float
    ends: float
    is_recovered: bool = False


@dataclass(frozen=True)
class Wish:
    """What is wanted of a camera, and when its online state last changed (None: never)."""

    camera: UUID
    recording: bool
    session: UUID | None
    is_online: bool
    online_changed_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """All that is looked at, as of `at`, seconds since 1970."""

    at: float
    rows: tuple[Row, ...]
    wishes: Mapping[UUID, Wish]
    holds: frozenset[UUID]
    files: Mapping[str, Footage]
    links: Mapping[str, int]
    free_bytes: int


@dataclass(frozen=True)
class Fault:
    """What was done to the installation at `at`, and what it may cost.

    `breaks_recording`: MediaMTX itself was hit, so each camera loses what its last fragment lacks; `loses_more`: for
    how long nothing could be written is not the recorder's fault. `sends_offline`: cameras really went away.
    `releases_holds`: the holds of before were let go.
    """

    at: float
    breaks_recording: bool = False
    loses_more: bool = False
    sends_offline: bool = False
    releases_holds: bool = False
    seen: tuple[Violation, ...] = ()


_ROWS = """
    SELECT id AS pk, camera_id AS camera, file, held_file, state, size, whole_bytes,
           extract(epoch FROM start)::float AS begins, extract(epoch FROM "end")::float AS ends, is_recovered
    FROM recording_segment WHERE media_server_id = %s AND deletion_rule = ''
"""
_WISHES = """
    SELECT camera.id AS camera, recording_enabled AS recording, session.id AS session, is_online, online_changed_at
    FROM cameras_camera AS camera
    LEFT JOIN recording_recordingsession AS session ON session.camera_id = camera.id AND session.ended_at IS NULL
    WHERE camera.media_server_id = %s AND camera.removed_at IS NULL
"""
_HOLDS = "SELECT id FROM recording_hold WHERE released_at IS NULL"


def read_facts(database_url: str, server_id: int, root: Path) -> Facts:
    """Read everything; first the rows, so that what comes meanwhile is no row without a file. Raises psycopg.Error."""
    at = time.time()
    with psycopg.connect(database_url, connect_timeout=5, options=EVERY_CITY) as connection:
        rows = _fetch(connection, Row, _ROWS, server_id)
        wishes = _fetch(connection, Wish, _WISHES, server_id)
        holds = frozenset(found[0] for found in connection.execute(_HOLDS))
    space = os.statvfs(root)
    files, links = dict(_read_files(root)), dict(_read_links(root))
    known = {wish.camera: wish for wish in wishes}
    return Facts(at, tuple(rows), known, holds, files, links, space.f_bavail * space.f_frsize)


def _fetch(connection: "psycopg.Connection[Any]", kind: type[Any], query: LiteralString, server_id: int) -> list[Any]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, [server_id]).fetchall()


def _read_files(root: Path) -> Iterator[tuple[str, Footage]]:
    for folder in root.glob("stream_*"):
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name):
                try:
                    yield f"{folder.name}/{path.name}", read_footage(path)
                except FileNotFoundError:
                    continue  # the ring turned


def _read_links(root: Path) -> Iterator[tuple[str, int]]:
    for path in (root / ".held").rglob("*"):
        if path.is_file():
            yield str(path.relative_to(root)), path.stat().st_size


def check(before: Facts, after: Facts, fault: Fault) -> list[Violation]:
    """Name all that does not hold after a fault, given what was there before it."""
    return [
        *fault.seen,
        *check_acknowledged(before, after),
        *check_index(after),
        *check_wishes(before, after),
        *([] if fault.releases_holds else check_holds(before, after)),
        *([] if fault.sends_offline else check_online(before, after)),
        *check_recording(before, after, fault),
        *check_freshness(before, after, fault),
    ]


def check_acknowledged(before: Facts, after: Facts) -> Iterator[Violation]:
    """No segment that was called ready is gone, nor the file it stands for."""
    rows = {row.pk: row for row in after.rows}
    for row in before.rows:
        if row.state == "ready" and row.pk not in rows:
            yield Violation("no acknowledged segment lost", f"the row of {row.file} is gone")
    for row in {**{row.pk: row for row in before.rows if row.state == "ready"}, **_ready(after)}.values():
        size = after.files[row.file].size if row.file in after.files else after.links.get(row.held_file)
        if size is None:
            yield Violation("no acknowledged segment lost", f"{row.file} is ready and has no file")
        elif size != row.size:
            yield Violation("no acknowledged segment lost", f"{row.file} is ready with {row.size} bytes, has {size}")


def check_index(after: Facts) -> Iterator[Violation]:
    """What is on disk is in the index, and the other way round, to the last whole fragment of each sealed file."""
    rows = {row.file: row for row in after.rows}
    for file, footage in after.files.items():
        row = rows.get(file)
        if row is None:
            if after.at - _named_start(file) > INDEXED_WITHIN:
                yield Violation("index = disk", f"{file} has no row")
        elif row.state == "ready":
            yield from _check_sealed(row, footage)
    for row in after.rows:
        if row.file not in after.files and row.held_file not in after.links:
            yield Violation("index = disk", f"the row of {row.file} ({row.state}) has no file")
    last = _last_files(after.files)
    for row in after.rows:
        if row.state == "open" and row.file in after.files and row.file not in last:
            yield Violation("index = disk", f"{row.file} is open although another follows it")


def _check_sealed(row: Row, footage: Footage) -> Iterator[Violation]:
    if row.whole_bytes != footage.whole_bytes:
        yield Violation(
            "index = disk", f"{row.file} is whole up to {footage.whole_bytes}, its row says {row.whole_bytes}"
        )
    if row.is_recovered is footage.is_closed:
        yield Violation("index = disk", f"{row.file} says recovered: {row.is_recovered}, closed: {footage.is_closed}")
    if footage.starts is None or footage.ends is None:
        yield Violation("index = disk", f"{row.file} is ready and holds no footage")
    else:
        yield from _check_times(row, footage, footage.starts, footage.ends)


def _check_times(row: Row, footage: Footage, starts: float, ends: float) -> Iterator[Violation]:
    """A row says the file's own times; only a recording's first file may lie earlier, never later than its last write.

    MediaMTX takes the coming of what a connection has saved up for its time.
    """
    earlier = (starts - row.begins, ends - row.ends)
    most = MOST_EARLIER if footage.number == 0 else 0.0
    if not -0.01 <= earlier[0] <= most + 0.01 or abs(earlier[0] - earlier[1]) > 0.01:
        told = (row.begins, row.ends)
        yield Violation("index = disk", f"{row.file} lasts {starts}–{ends}, its row says {told}")
    if footage.number == 0 and row.ends > footage.written + WRITTEN_AT_ONCE:
        yield Violation("index = disk", f"{row.file} was written at {footage.written}, its row ends at {row.ends}")


def check_wishes(before: Facts, after: Facts) -> Iterator[Violation]:
    """What was wanted is still wanted: recording, and the session that is open."""
    for camera, wish in before.wishes.items():
        now = after.wishes.get(camera)
        if now is None or (now.recording, now.session) != (wish.recording, wish.session):
            yield Violation("wishes survive", f"camera {camera} was {wish}, is {now}")


def check_holds(before: Facts, after: Facts) -> Iterator[Violation]:
    """No hold is gone, nor any held link."""
    for hold in before.holds - after.holds:
        yield Violation("holds intact", f"hold {hold} is gone")
    for link in before.links.keys() - after.links.keys():
        yield Violation("holds intact", f"{link} is gone")


def check_online(before: Facts, after: Facts) -> Iterator[Violation]:
    """No camera changed its state, not even for a moment: each change leaves its time in the camera's row."""
    for camera, wish in before.wishes.items():
        now = after.wishes.get(camera)
        if now and (now.is_online, now.online_changed_at) != (wish.is_online, wish.online_changed_at):
            yield Violation("no false OFFLINE", f"camera {camera} changed its state at {now.online_changed_at}")


def check_recording(before: Facts, after: Facts, fault: Fault) -> Iterator[Violation]:
    """Each wished camera writes, and what it lost is no more than the fault explains."""
    largest = LARGEST_LOSS if fault.breaks_recording else LARGEST_SEAM
    for camera, wish in before.wishes.items():
        if not wish.recording:
            continue
        ends = [footage.ends for footage in files_of(after, camera) if footage.ends is not None]
        if not ends or after.at - max(ends) > WRITTEN_WITHIN:
            age = f"{after.at - max(ends):.1f} s old" if ends else "none at all"
            yield Violation("recording goes on", f"camera {camera}: its last whole fragment is {age}")
        lost = measure_loss(before, after, camera, fault)
        if not fault.loses_more and lost > largest:
            yield Violation("loss ≤ a fragment + 0.5 s", f"camera {camera} lost {lost:.2f} s, allowed are {largest}")


def check_freshness(before: Facts, after: Facts, fault: Fault) -> Iterator[Violation]:
    """What is recorded after the fault is in the index, and what is recorded now soon is."""
    since = max(fault.at, after.at - SHOWN_WITHIN)
    for camera in _recorded(before):
        reached = max((row.ends for row in after.rows if row.camera == camera), default=0.0)
        if reached <= since:
            behind = after.at - reached
            yield Violation("index = disk", f"camera {camera}: the index is {behind:.1f} s behind")


def measure_worst_loss(before: Facts, after: Facts, fault: Fault) -> float:
    """Give the largest loss of any wished camera, in seconds."""
    return max((measure_loss(before, after, camera, fault) for camera in _recorded(before)), default=0.0)


def measure_loss(before: Facts, after: Facts, camera: UUID, fault: Fault) -> float:
    """Give the seconds lost: what the last whole fragment lacked at the kill, else the largest hole since `before`."""
    parts = sorted((part.begins, part.ends) for footage in files_of(after, camera) for part in footage.parts)
    if fault.breaks_recording:
        written = [ends for begins, ends in parts if begins < fault.at]
        return max(0.0, fault.at - max(written)) if written else float("inf")
    reached = max((footage.ends for footage in files_of(before, camera) if footage.ends is not None), default=0.0)
    largest = 0.0
    for begins, ends in parts:
        if ends > reached:
            largest, reached = max(largest, begins - reached), ends
    return largest


def files_of(facts: Facts, camera: UUID) -> Sequence[Footage]:
    """Give what lies in a camera's folder."""
    return [footage for file, footage in facts.files.items() if file.startswith(f"stream_{camera}/")]


def _recorded(facts: Facts) -> Iterable[UUID]:
    return [camera for camera, wish in facts.wishes.items() if wish.recording]


def _ready(facts: Facts) -> dict[int, Row]:
    return {row.pk: row for row in facts.rows if row.state == "ready"}


def _last_files(files: Iterable[str]) -> set[str]:
    last: dict[str, str] = {}
    for file in sorted(files):
        last[file.partition("/")[0]] = file
    return set(last.values())


def _named_start(file: str) -> float:
    name = file.rpartition("/")[2].removesuffix(".mp4")
    return datetime.strptime(name, "%Y-%m-%d_%H-%M-%S-%f").replace(tzinfo=UTC).timestamp()
