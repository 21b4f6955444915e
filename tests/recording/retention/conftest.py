"""What the tests of the ring share: small files with their rows, and looks at what is left."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from footage.layout import name_for
from recording import clock
from recording.models import Deletion, Hold, RecordingSession, RecordingStatus, Segment
from recording.retention.disk import DiskRoom
from recording.segments.disk import MARKER
from tests.world import World

KB = 1000


class Ring:
    """A media server's folder with rows and files; `now` is the real time, which the ring compares its clock with."""

    def __init__(self, root: Path, server: MediaServer) -> None:
        self.root = root
        self.server = server
        self.now = datetime.now(UTC)

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def add(self, camera: Camera, days: float, *, size: int = KB, state: str = "ready", held: str = "") -> Segment:
        """Add a segment that started so many days ago, with its file."""
        start = self.ago(days)
        row = Segment.objects.create(
            camera=camera,
            city=camera.city,
            media_server=self.server,
            start=start,
            end=start + timedelta(minutes=1),
            size=size,
            whole_bytes=0,
            file=f"{camera.stream_id}/{name_for(start)}",
            state=state,
            damage="empty" if state == "damaged" else "",
            indexed_at=self.now,
            held_file=held,
            deletion_rule="age" if state == "deleting" else "",
        )
        for name in (row.file, held):
            if name:
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                (self.root / name).write_bytes(b"x")
        return row

    def record(self, camera: Camera, since: float, until: float | None = None) -> RecordingSession:
        """Have recording wished from so many days ago."""
        ended = None if until is None else self.ago(until)
        return RecordingSession.objects.create(
            camera=camera,
            city=camera.city,
            stream_id=camera.stream_id,
            started_at=self.ago(since),
            ended_at=ended,
            status=RecordingStatus.ON if ended is None else RecordingStatus.OFF,
            storage_path="",
        )

    def hold(self, camera: Camera, since: float, until: float) -> Hold:
        return Hold.objects.create(
            camera=camera,
            city=camera.city,
            starts_at=self.ago(since),
            ends_at=self.ago(until),
            reason="case",
            created_at=self.now,
        )

    def left(self) -> set[str]:
        """Give the files that are there."""
        return {str(each.relative_to(self.root)) for each in self.root.rglob("*") if each.is_file()} - {MARKER}


class FakeDisk:
    """A disk of a million bytes whose free room is what the rows leave."""

    def __init__(self, total: int = 1_000_000, others: int = 0) -> None:
        self.total, self.others = total, others

    def __call__(self, _root: Path) -> DiskRoom:
        used = sum(Segment.objects.values_list("size", flat=True))
        return DiskRoom(self.total, max(0, self.total - self.others - used))


@pytest.fixture
def every() -> Iterator[None]:
    """All cities' rows are in sight."""
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def ring(world: World, tmp_path: Path, every: None) -> Ring:
    """A marked folder of recordings; both cameras have been recorded for ever."""
    root = tmp_path / "recordings"
    root.mkdir()
    (root / MARKER).write_text(f"{world.server.pk}\n")
    world.server.recordings_root = str(root)
    world.server.save()
    made = Ring(root, world.server)
    for camera in (world.camera, world.foreign_camera):
        made.record(camera, since=3000)
    return made


@pytest.fixture(autouse=True)
def _fresh_clock() -> None:
    """A process that has seen no time yet."""
    clock._last.clear()


def states() -> dict[str, str]:
    """Give the state of each row, by file."""
    return dict(Segment.objects.values_list("file", "state"))


def noted() -> list[tuple[str, bool, int, int]]:
    """Give what was written down: rule, early, segments, bytes."""
    return sorted(Deletion.objects.values_list("rule", "is_early", "segments", "bytes"))
