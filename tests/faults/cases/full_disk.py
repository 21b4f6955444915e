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
        seen = [*watch.seen, *_await_writing(scene, room_at), *_check_it_was_full(scene, at, room_at)]
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


def _check_it_was_full(scene: Scene, at: float, room_at: float) -> list[Violation]:
    """A disk that was not full proves nothing: no fragment of the time between may be there."""
    written = [
        part
        for footage in scene.read_facts().files.values()
        for part in footage.parts
        if part.begins > at + 1 and part.ends < room_at - 1
    ]
    return [Violation("the disk was full", f"{len(written)} fragments were written")] if written else []
