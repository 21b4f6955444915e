"""Processes that end from one moment to the next, alone or all at once, and a Redis that forgets."""

import time
from itertools import cycle

from redis import Redis

from tests.faults.checker import Fault, Violation
from tests.faults.registry import case
from tests.faults.scene import Scene, side_by_side

UNTOUCHED = "MediaMTX writes on without a seam"


@case("each camera loses at most its last fragment; recording again, indexed, within 60 s", trials=5, short=True)
def kill_mediamtx(scene: Scene) -> Fault:
    """The recorder dies in the middle of a fragment."""
    scene.pause_at_random()
    with scene.watched() as watch:
        at = scene.kill("mediamtx")
        time.sleep(5.0)
    return Fault(at, breaks_recording=True, seen=watch.seen)


@case(UNTOUCHED)
def kill_web(scene: Scene) -> Fault:
    """The web server dies: hooks find nobody."""
    return _kill_aside(scene, "web")


@case(UNTOUCHED)
def kill_worker(scene: Scene) -> Fault:
    """The worker dies, with its children or without them, perhaps in the middle of a look."""
    return _kill_aside(scene, "worker", whole=scene.rng.random() < 0.5)


@case(UNTOUCHED)
def kill_beat(scene: Scene) -> Fault:
    """The scheduler dies."""
    return _kill_aside(scene, "beat")


@case(UNTOUCHED)
def kill_ingest(scene: Scene) -> Fault:
    """The ingest dies; these cameras do not need it."""
    return _kill_aside(scene, "ingest")


@case(UNTOUCHED)
def kill_redis(scene: Scene) -> Fault:
    """The broker dies."""
    return _kill_aside(scene, "redis")


@case(UNTOUCHED, short=True)
def flush_redis(scene: Scene) -> Fault:
    """Redis forgets everything: the queue, the bells, the copies of sessions."""
    scene.pause_at_random()
    at = time.time()
    with Redis.from_url(scene.installation.embedded["redis_url"]) as redis:
        redis.flushall()
    return Fault(at)


@case(f"{UNTOUCHED}; the API says 503, never 500; no acknowledged row is lost", trials=5, short=True)
def kill_postgres_under_load(scene: Scene) -> Fault:
    """The postmaster dies while hooks storm in and people look."""
    until = time.monotonic() + 6.0
    statuses: set[int] = set()

    def send_hooks() -> None:
        for camera in cycle(scene.ids):
            statuses.add(scene.hook("segment_create", scene.stream(camera)))
            if time.monotonic() > until:
                return

    at: list[float] = []
    with scene.watched() as watch:
        side_by_side(send_hooks, send_hooks, lambda: at.append(_kill_after(scene, "postgres", 2.0)))
    wrong = sorted((statuses | watch.statuses) - {200, 202, 503})
    refused = tuple(Violation("503, not 500", f"answered {status}") for status in wrong)
    return Fault(at[0], seen=(*watch.seen, *refused))


@case("every camera loses at most its last fragment; all as before after a start", trials=3, short=True)
def kill_everything(scene: Scene) -> Fault:
    """The machine loses all processes, the launcher and its guardian too, and is started again."""
    scene.pause_at_random()
    at = scene.installation.kill_everything()
    scene.installation.start()
    return Fault(at, breaks_recording=True)


def _kill_aside(scene: Scene, service: str, *, whole: bool = True) -> Fault:
    """Kill what the recording does not need."""
    scene.pause_at_random()
    with scene.watched() as watch:
        at = scene.kill(service, whole=whole)
    return Fault(at, seen=watch.seen)


def _kill_after(scene: Scene, service: str, most: float) -> float:
    scene.pause_at_random(most)
    return scene.kill(service, whole=False)
