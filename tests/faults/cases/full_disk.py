"""A disk that is full for a while."""

import time

from tests.faults.checker import Fault, Violation
from tests.faults.installation import wait_for
from tests.faults.registry import case
from tests.faults.scene import Scene

FULL_SECONDS = 15.0
BACK_WITHIN = 15.0


@case("live pictures stay; nothing sealed is lost; recording is back within 15 s of room", trials=2)
def full_disk(scene: Scene) -> Fault:
    """Nothing can be written for some seconds, then there is room again."""
    scene.pause_at_random()
    at, mediamtx = time.time(), scene.installation.leader("mediamtx")
    assert mediamtx is not None
    with scene.watched() as watch:
        try:
            # What is freed meanwhile is filled again: the disk stays full.
            until = time.monotonic() + FULL_SECONDS
            while time.monotonic() < until:
                scene.disk.fill(mediamtx)
                time.sleep(1.0)
        finally:
            room_at = time.time()
            scene.disk.make_room(mediamtx)
        seen = [*watch.seen, *_await_writing(scene, room_at)]
    return Fault(at, loses_more=True, seen=tuple(seen))


def _await_writing(scene: Scene, since: float) -> list[Violation]:
    """Wait for bytes of every camera that were written after the moment."""
    folders = [scene.installation.recordings / scene.stream(camera) for camera in scene.ids]

    def all_grow() -> bool:
        newest = [
            max((file.stat().st_mtime for file in folder.glob("*.mp4") if file.stat().st_size), default=0.0)
            for folder in folders
        ]
        return min(newest) > since

    try:
        wait_for(all_grow, "bytes of every camera", BACK_WITHIN)
    except TimeoutError as error:
        return [Violation("recording is back", str(error))]
    return []
