"""Files that grow, read again and again: only what is new of them, with the same result as a whole pass."""

from dataclasses import dataclass
from pathlib import Path

from footage.packing import Packer
from footage.reader import Bookmark, SegmentReading, read_on


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a growing file up to its last whole fragment: a few kB."""

    bookmark: Bookmark
    packer: Packer


@dataclass(frozen=True, slots=True)
class Growth:
    """A file as it is now; `packed` are all its fragments, while `reading` may tell those alone that are new.

    `memory` is None where the next reading has to begin anew.
    """

    reading: SegmentReading
    packed: bytes
    memory: Memory | None


def read_growing(path: Path | str, memory: Memory | None) -> Growth:
    """Read a file from where it is known, else from its beginning. The memory is used up. Raises OSError."""
    reading, bookmark = read_on(path, memory.bookmark if memory else None)
    packer = memory.packer if memory and reading.before else Packer()
    for fragment in reading.fragments:
        packer.add(fragment)
    return Growth(reading, packer.pack(), Memory(bookmark, packer) if bookmark else None)
