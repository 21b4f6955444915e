"""Files that wait: they come back as they were, in order, and are not kept after that."""

from uuid import UUID

from recording.segments.backlog import Backlog
from recording.segments.decisions import DiskFile

ONE, OTHER = UUID(int=1), UUID(int=2)
FILES = [
    DiskFile(ONE, "2026-01-20_00-00-00-000000.mp4", 1962, 1768867200.25, has_successor=True),
    DiskFile(ONE, "2026-01-20_00-30-00-000000.mp4", 1 << 40, -1.5, has_successor=False),
    DiskFile(OTHER, "2026-01-20_00-00-00-000000.mp4", 0, 1768867201.0, has_successor=False),
]


def test_files_come_back_as_they_were() -> None:
    backlog = Backlog()
    backlog.add(FILES)
    backlog.add([])
    backlog.add(FILES[:1])
    assert len(backlog) == 4
    assert list(backlog.take_batches(3)) == [FILES, FILES[:1]]
    assert (len(backlog), list(backlog.take_batches(3))) == (0, [])


def test_what_is_taken_is_no_longer_kept() -> None:
    backlog = Backlog()
    backlog.add(FILES)
    assert next(backlog.take_batches(2)) == FILES[:2]
    assert len(backlog) == 1
