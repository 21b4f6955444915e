"""Files that wait to be read, by the million: in texts and columns, which take a fifth of the room of single values."""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from recording.segments.decisions import DiskFile

_CAMERA = attrgetter("camera_id")


class _Shelf(NamedTuple):
    """Files of one camera, by column; the names with a `/` between them, which no name can hold."""

    camera_id: UUID
    names: str
    sizes: "array[int]"
    times: "array[float]"
    successors: bytes


class Backlog:
    """Files in the order in which they were added; what is taken is no longer kept."""

    def __init__(self) -> None:
        self._shelves = deque[_Shelf]()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, files: Sequence[DiskFile]) -> None:
        """Append files; those of a camera should come together."""
        self._count += len(files)
        self._shelves.extend(_put(camera_id, ours) for camera_id, ours in groupby(files, key=_CAMERA))

    def take_batches(self, size: int) -> Iterator[list[DiskFile]]:
        """Give all of them, so many at a time."""
        files = chain.from_iterable(self._take_shelves())
        while batch := list(islice(files, size)):
            yield batch

    def _take_shelves(self) -> Iterator[Iterator[DiskFile]]:
        while self._shelves:
            shelf = self._shelves.popleft()
            self._count -= len(shelf.sizes)
            columns = zip(shelf.names.split("/"), shelf.sizes, shelf.times, map(bool, shelf.successors), strict=True)
            camera_id = shelf.camera_id
            yield (DiskFile(camera_id, *values) for values in columns)


def _put(camera_id: UUID, files: Iterable[DiskFile]) -> _Shelf:
    _, names, sizes, times, successors = zip(*files, strict=True)
    return _Shelf(camera_id, "/".join(names), array("q", sizes), array("d", times), bytes(successors))
