"""The tree of pictures on disk, `$VMS_DATA/pictures/<city>/<camera>/`: never beside recordings, and never too full.

Nothing in it is the only one of its kind: what is missing is made again. A file's time of change is when it was last
asked for, and by it the longest unasked go first.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from uuid import UUID

from django.conf import settings

FOLDER = "pictures"
_NAME = re.compile(r"(\d{1,19})(?:\.jpg|-\d{1,19}-\d{1,19}\.ts)", re.ASCII)
FOR_THE_WEB_SERVER = 0o644
ASIDE = ".new-"


@dataclass(frozen=True)
class Picture:
    """A file in the tree; `asked_at` is in seconds since 1970, `segment_id` None for what is none of ours."""

    path: Path
    size: int
    asked_at: float
    segment_id: int | None


@dataclass(frozen=True)
class Place:
    """A camera's folder in the tree."""

    city_id: UUID
    camera_id: UUID

    @property
    def folder(self) -> Path:
        """Where it is."""
        return root() / str(self.city_id) / str(self.camera_id)

    def sheet(self, segment_id: int) -> Path:
        """Give the file of a segment's previews."""
        return self.folder / f"{segment_id}.jpg"

    def group(self, segment_id: int, offset: int, size: int) -> Path:
        """Give the file of what these bytes of a segment are in H.264."""
        return self.folder / f"{segment_id}-{offset}-{size}.ts"


def root() -> Path:
    """Give the folder of the tree."""
    return Path(settings.VMS_DATA) / FOLDER


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(prefix=ASIDE, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, FOR_THE_WEB_SERVER)
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise


def touch(path: Path) -> bool:
    """Note that the file was asked for now; say whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:
        return path.is_file()
    return True


def list_pictures() -> Iterator[Picture]:
    """Give every file below the tree's root, where nothing but the locks of `machine` lies. Raises OSError."""
    for folder, _, names in os.walk(root()):
        for name in names if Path(folder) != root() else ():
            with contextlib.suppress(FileNotFoundError):
                path = Path(folder, name)
                status = path.lstat()
                match = _NAME.fullmatch(name)
                yield Picture(path, status.st_size, status.st_mtime, int(match[1]) if match else None)


def choose_to_drop(pictures: Iterable[Picture], most_bytes: int) -> list[Picture]:
    """Give what has to go so that the rest is `most_bytes` at most: the longest unasked first."""
    by_age = sorted(pictures, key=attrgetter("asked_at"))
    excess, chosen = sum(picture.size for picture in by_age) - most_bytes, []
    for picture in by_age:
        if excess <= 0:
            break
        chosen.append(picture)
        excess -= picture.size
    return chosen


def drop(pictures: Iterable[Picture]) -> None:
    """Delete the files; missing is fine. Raises OSError."""
    for picture in pictures:
        picture.path.unlink(missing_ok=True)
