"""What files and rows mean for the index: pure decisions, no I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from footage.activity import measure_activity
from footage.holes import pack_holes
from footage.layout import start_from_name
from footage.packing import pack_fragments
from footage.reader import Fragment, SegmentReading
from mediamtx.names import stream_id_for
from recording.states import SegmentState

QUIET_SECONDS = 45.0
"""A file that nobody wrote for so long is finished, whatever its header says: MediaMTX writes every 4 s and lets a
silent publisher go after 10 s. With a look each 10 s, what a crash left is sealed within a minute."""

QUIET_WITH_SUCCESSOR_SECONDS = 10.0
"""The same for a file whose camera writes another one already."""

TOUCHED_MARGIN_SECONDS = 1.0
"""The clock of a file system's times ticks coarsely and may lag behind ours by so much."""

YOUNG_SECONDS = 30.0
"""So long after a file was begun or written the looks, one each 10 s, may not have seen it yet."""

WIDEST_ZONE = timedelta(hours=26)
"""A header that is further from its file's name than any two time zones is no clue to when it was recorded."""

LEAST_AHEAD = timedelta(milliseconds=250)
"""What is written later than it was recorded by less may be the clocks' and the network's trembling."""

MOST_AHEAD = timedelta(seconds=6)
"""MediaMTX begins anew where a camera's time is 5 s off ours; whatever is further ahead stems from something else."""

LONGEST_CLAIM = timedelta(hours=25)
"""A file lasts a day at most; one that was copied since seems to have been written at any later time."""

ALARMING_ROWS = 100
LARGEST_NUMBER = 2**63 - 1


_folder_of = lru_cache(maxsize=10_000)(stream_id_for)


class DiskFile(NamedTuple):
    """A segment file as `stat` shows it; `modified` in seconds since 1970, `has_successor`: a newer one is there."""

    camera_id: UUID
    name: str
    size: int
    modified: float
    has_successor: bool = False

    @property
    def file(self) -> str:
        """Its path below the media server's folder of recordings."""
        return f"{_folder_of(self.camera_id)}/{self.name}"


class KnownFile(NamedTuple):
    """What the index says of a file; `indexed_at` in seconds since 1970, `held_file`: its hard link, "" without one."""

    pk: int
    file: str
    size: int
    state: str
    indexed_at: float
    held_file: str = ""


@dataclass(frozen=True, slots=True)
class GoneSegment:
    """A row that leaves the index because its file is gone.

    `deletion_rule` and `deletion_early` are what was written when the ring marked it; "" where none of us deleted it.
    """

    camera_id: UUID
    city_id: UUID
    start: datetime
    end: datetime
    size: int
    deletion_rule: str = ""
    deletion_early: bool = False


@dataclass(frozen=True)
class ReconcilePlan:
    """The files to read, and the rows whose files are gone.

    `being_written` of the files to read are no disagreement: the next look sees to them.
    """

    to_read: tuple[DiskFile, ...]
    vanished: tuple[KnownFile, ...]
    being_written: int = 0


class SegmentFacts(NamedTuple):
    """One row of the index, but for its city, which is the camera's."""

    camera_id: UUID
    file: str
    start: datetime
    end: datetime
    size: int
    whole_bytes: int
    stream_id: UUID | None
    number: int | None
    state: str
    damage: str
    is_recovered: bool
    fragments: bytes
    activity: bytes = b""
    holes: bytes = b""
    claims_until: datetime | None = None


class Root(Enum):
    """What a folder of recordings is, as its marker file tells."""

    OURS = "ours"
    NEW = "new"
    LOST = "lost"
    ANOTHERS = "another's"


def plan_reconcile(rows: Iterable[KnownFile], files: Iterable[DiskFile], now: datetime) -> ReconcilePlan:
    """Compare what is indexed with what is there; both must be of the same cameras."""
    known = {row.file: row for row in rows}
    to_read, being_written = [], 0
    for file in files:
        row = known.pop(file.file, None) if known else None
        if needs_reading(file, row, now):
            to_read.append(file)
            being_written += is_being_written(file, row, now)
    return ReconcilePlan(tuple(to_read), tuple(known.values()), being_written)


def is_being_written(file: DiskFile, row: KnownFile | None, now: datetime) -> bool:
    """Say whether the index may lag behind the file: it grew a moment ago, or began a moment ago and has no row yet.

    A file without a row goes by its name: one that grows since long and was never seen is a disagreement.
    """
    if is_finished(file, now):
        return False
    if row is None:
        began = start_from_name(file.name)
        return began is not None and abs(now - began) <= timedelta(seconds=YOUNG_SECONDS)
    return row.state == SegmentState.OPEN and abs(now.timestamp() - file.modified) <= YOUNG_SECONDS


def needs_reading(file: DiskFile, row: KnownFile | None, now: datetime) -> bool:
    """Say whether the file may hold something that its row does not say."""
    if row is None or row.size != file.size:
        return row is None or row.state != SegmentState.DELETING
    if row.state != SegmentState.OPEN:
        return False
    return is_finished(file, now) or file.modified >= row.indexed_at - TOUCHED_MARGIN_SECONDS


def goes_on(file: DiskFile, row: KnownFile, now: datetime) -> bool:
    """Say whether somebody writes a file that was sealed for its silence: it grew, or was closed at the same size."""
    return row.size != file.size or abs(now.timestamp() - file.modified) <= YOUNG_SECONDS


def is_finished(file: DiskFile, now: datetime) -> bool:
    """Say whether nobody writes the file any more; a time in the future is no fresher than one in the past."""
    quiet = abs(now.timestamp() - file.modified)
    return quiet > (QUIET_WITH_SUCCESSOR_SECONDS if file.has_successor else QUIET_SECONDS)


def judge_file(file: DiskFile, reading: SegmentReading, now: datetime) -> SegmentFacts:
    """Give the row that a file deserves after it was read."""
    return _judge(file, reading, pack_fragments(reading.fragments), now, reading.fragments)


def judge_growth(file: DiskFile, reading: SegmentReading, packed: bytes, now: datetime) -> SegmentFacts:
    """Give the row that a file deserves of which only the end was read; `packed` are all its fragments.

    It tells no activity, which is known of a whole file alone.
    """
    return _judge(file, reading, packed, now, ())


def _judge(
    file: DiskFile, reading: SegmentReading, packed: bytes, now: datetime, measured: Sequence[Fragment]
) -> SegmentFacts:
    start = choose_start(file.name, reading.start)
    start -= measure_ahead(start, reading)
    is_closed, is_sound = reading.is_closed, not reading.damage
    # Until the first fragment is written whole, a young file is not damaged but begun.
    is_open = not is_finished(file, now) and not (is_closed and is_sound)
    state = SegmentState.OPEN if is_open else SegmentState.READY if is_sound else SegmentState.DAMAGED
    end = _add(start, _reach_of(reading))
    return SegmentFacts(
        camera_id=file.camera_id,
        file=file.file,
        start=start,
        end=end,
        size=reading.size,
        whole_bytes=reading.whole_bytes,
        stream_id=reading.stream_id,
        number=reading.number if reading.number is None or 0 <= reading.number <= LARGEST_NUMBER else None,
        state=state.value,
        damage=reading.damage if state == SegmentState.DAMAGED else "",
        is_recovered=state == SegmentState.READY and not is_closed,
        fragments=packed,
        activity=measure_activity(measured) if state == SegmentState.READY else b"",
        holes=pack_holes(reading.holes),
        claims_until=None if is_open else choose_claim(start, end, reading),
    )


def choose_start(name: str, told: datetime | None) -> datetime:
    """Give the moment of the first sample: the header's word, or the name's where the header's cannot be.

    The name is written in the time zone of MediaMTX's process, the header is not.
    """
    named = start_from_name(name)
    if named is None:
        raise ValueError(f"{name!r} is no segment's name")
    return named if told is None or abs(told - named) > WIDEST_ZONE else told


def measure_ahead(start: datetime, reading: SegmentReading) -> timedelta:
    """Give by how much a recording's first file would end after it was last written, if it began at `start`.

    What a connection has saved up comes all at once, and MediaMTX takes the moment in which the first picture comes for
    its time: this file lies too late by as much, up to 4 s measured. Those after it do not, as MediaMTX sees by then.
    """
    if reading.number != 0 or reading.last is None:
        return timedelta()
    # A file system that keeps whole seconds alone cuts the rest of them off.
    written = reading.written + reading.written.is_integer()
    ahead = timedelta(seconds=_add(start, _reach_of(reading)).timestamp() - written)
    return ahead if LEAST_AHEAD <= ahead <= MOST_AHEAD else timedelta()


def choose_claim(start: datetime, end: datetime, reading: SegmentReading) -> datetime | None:
    """Give until when the bytes behind a file's last whole fragment were written; None where there are none.

    Nobody can replay them as they are, but they may be all that is left of that time.
    """
    if reading.whole_bytes >= reading.size or reading.written <= end.timestamp():
        return None
    latest = _add(start, LONGEST_CLAIM)
    return latest if reading.written >= latest.timestamp() else datetime.fromtimestamp(reading.written, UTC)


def drop_twins(facts: Iterable[SegmentFacts]) -> tuple[list[SegmentFacts], list[str]]:
    """Keep the first file, by name, of each camera and start; give the names of the others, which are copies of it.

    A copy was written later, so that its start may be found to be another one; MediaMTX's mark tells it then.
    """
    kept: list[SegmentFacts] = []
    starts: set[tuple[UUID, datetime]] = set()
    marked: dict[tuple[UUID, UUID | None, int | None], datetime] = {}
    twins: list[str] = []
    for each in sorted(facts, key=lambda each: each.file):
        start, mark = (each.camera_id, each.start), (each.camera_id, each.stream_id, each.number)
        known = marked.get(mark) if each.stream_id else None
        if start in starts or (known and abs(known - each.start) <= MOST_AHEAD):
            twins.append(each.file)
        else:
            kept.append(each)
            starts.add(start)
            marked[mark] = each.start
    return kept, twins


def judge_root(marker: str | None, server_id: int, *, has_rows: bool) -> Root:
    """Say what a folder is whose marker file holds this text (None: it has none)."""
    if marker is None:
        return Root.LOST if has_rows else Root.NEW
    return Root.OURS if marker.strip() == str(server_id) else Root.ANOTHERS


def is_older(file: str, moment: datetime | None) -> bool:
    """Say whether a file's name tells of a moment before this one; never where there is no moment."""
    named = start_from_name(file.rpartition("/")[2])
    return moment is not None and named is not None and named < moment


def is_mass_loss(vanished: int, total: int) -> bool:
    """Say whether so much went at once that the disk is to be doubted rather than the index."""
    return vanished >= ALARMING_ROWS and vanished * 2 >= total


def _reach_of(reading: SegmentReading) -> timedelta:
    """Give how far the fragments go; where some time is missing between them it is more than they last."""
    last = reading.last
    return last.start + last.duration if last else timedelta()


def _add(start: datetime, duration: timedelta) -> datetime:
    try:
        return start + duration
    except OverflowError:  # a file that claims to last until after the year 9999
        return start
