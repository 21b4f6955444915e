"""Hooks that are lost, doubled, shuffled, late, forged, of nobody, or come by the hundred."""

import time
from functools import partial
from uuid import UUID

from tests.faults.checker import Fault, Violation
from tests.faults.installation import wait_for
from tests.faults.registry import case
from tests.faults.scene import Scene, side_by_side

EVENTS = ("online", "offline", "segment_create", "segment_complete")
WORKERS = 4


@case("the states and the index come out right without them", trials=2)
def hooks_lost(scene: Scene) -> Fault:
    """Two cameras come and go while nobody is there to hear of it: the web server is dead."""
    chosen = scene.rng.sample(scene.ids, 2)
    at = time.time()
    side_by_side(lambda: scene.kill("web"), lambda: scene.cut(*chosen))
    return Fault(at, loses_more=True, sends_offline=True, seen=_await_new_files(scene, chosen, at))


@case("202 for each; no state changes, no row is invented", trials=2, short=True)
def hooks_shuffled_doubled_late(scene: Scene) -> Fault:
    """Every event of every camera, several times, in any order, long after it happened, and some of nobody's paths."""
    at = time.time()
    paths = [*map(scene.stream, scene.ids), "stream_nobody", f"stream_{UUID(int=scene.rng.getrandbits(128))}"]
    storm = [(event, path) for event in EVENTS for path in paths] * 5
    scene.rng.shuffle(storm)
    with scene.watched() as watch:
        statuses = _send(scene, storm)
    refused = tuple(Violation("hooks are taken", f"answered {status}") for status in sorted(statuses - {202}))
    return Fault(at, seen=(*watch.seen, *refused))


@case("401, and nothing changes", trials=2, short=True)
def hooks_forged(scene: Scene) -> Fault:
    """Somebody without the secret says that all cameras are offline, and that footage is complete."""
    at = time.time()
    secrets = ["", "wrong", scene.installation.hook_secret[:-1], scene.installation.hook_secret + "x"]
    with scene.watched() as watch:
        statuses = {
            scene.hook(event, scene.stream(camera), secret=scene.rng.choice(secrets), segment_path="/etc/passwd")
            for event in EVENTS
            for camera in scene.ids
        }
    taken = tuple(Violation("forged hooks are refused", f"answered {status}") for status in sorted(statuses - {401}))
    return Fault(at, seen=(*watch.seen, *taken))


@case("all taken; drained within 60 s", trials=1)
def hook_storm(scene: Scene) -> Fault:
    """Two thousand events at once, as when a switch fails."""
    at = time.time()
    storm = [(scene.rng.choice(EVENTS), scene.stream(scene.rng.choice(scene.ids))) for _ in range(2000)]
    statuses = _send(scene, storm)
    refused = tuple(Violation("hooks are taken", f"answered {status}") for status in sorted(statuses - {202}))
    return Fault(at, seen=refused)


def _send(scene: Scene, storm: list[tuple[str, str]]) -> set[int]:
    statuses: set[int] = set()

    def send(events: list[tuple[str, str]]) -> None:
        statuses.update(scene.hook(event, path) for event, path in events)

    side_by_side(*(partial(send, storm[first::WORKERS]) for first in range(WORKERS)))
    return statuses


def _await_new_files(scene: Scene, cameras: list[UUID], since: float) -> tuple[Violation, ...]:
    """Wait until the cameras that were cut write again."""
    folders = [scene.installation.recordings / scene.stream(camera) for camera in cameras]
    wait_for(
        lambda: all(any(file.stat().st_ctime > since for file in folder.glob("*.mp4")) for folder in folders),
        "new files of the cameras that were cut",
        60,
    )
    return ()
