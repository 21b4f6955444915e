"""What is promised and what is held: the ring and the holds under fire."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from tests.faults.cases.ring import TURN
from tests.faults.checker import Facts, Fault, Row, Violation
from tests.faults.disk import measure_free
from tests.faults.installation import wait_for
from tests.faults.planting import LASTS_SECONDS, plant, start_of, unplant
from tests.faults.registry import case
from tests.faults.scene import Scene, side_by_side

MEGABYTE = 10**6
TURNED_WITHIN = 90.0
"""The ring turns each 60 s."""

_PROMISE = """
from cities.models import City
from cities.scope import every_city
from recording.models import RetentionPolicy
with every_city("a fault run promises"):
    city = City.objects.get()
    RetentionPolicy.objects.filter(city=city, camera=None).delete()
    if {days}:
        RetentionPolicy.objects.create(city=city, days={days})
"""
_MARKS = "UPDATE recording_storage SET low_bytes = %s, high_bytes = %s WHERE media_server_id = %s"
_REFUSES = "SELECT refuses_since IS NOT NULL FROM recording_storage WHERE media_server_id = %s"
_LEFT = "SELECT file FROM recording_segment WHERE file = ANY(%s) AND deletion_rule = ''"
_DELETIONS = "SELECT count(*) FROM recording_deletion"


@case("deletes nothing at any step; refuses what cannot be", trials=1)
def clock_steps(scene: Scene) -> Fault:
    """The ring is turned by clocks that are wrong by an hour, a day, ten years, in both directions."""
    at, hour = time.time(), 3600
    cameras = scene.ids[:2]
    files = plant(scene, cameras, oldest=20 * hour, apart=hour, count=4, size=1000)
    try:
        scene.remember()
        years = 10 * 365 * 24 * hour
        steps = [hour, -hour, 24 * hour, -24 * hour, 8 * 24 * hour, years, -years]
        scene.rng.shuffle(steps)
        turns = scene.installation.run_script(TURN.format(server=scene.server_id, seconds=0, steps=steps))
        left = _list_left(scene, files)
    finally:
        unplant(scene, cameras, files)
    seen = [Violation("a wrong clock deletes nothing", f"{count} at {step} s") for step, count, _ in turns if count]
    seen += [Violation("a wrong clock deletes nothing", f"{file} is gone") for file in files if file not in left]
    return Fault(_forget(scene, at), seen=tuple(seen))


@case("what a hold touched when it was made stays, row and bytes", trials=3)
def protect_races_delete(scene: Scene) -> Fault:
    """Footage whose days are over is being deleted, a thousand at a time, while people hold what is still there."""
    at, cameras = time.time(), scene.ids[:4]
    scene.installation.run_script(_PROMISE.format(days=4))
    files = plant(scene, cameras, oldest=3 * 86400, apart=60, count=750, size=200)
    # The oldest go first: what goes in the second and third thousand was chosen a moment before it is marked.
    later = scene.rng.sample(files[1000:], 2000)
    held: dict[str, str] = {}
    is_over = threading.Event()

    def turn() -> None:
        scene.installation.run_script(TURN.format(server=scene.server_id, seconds=5, steps=[]))
        is_over.set()

    def hold_what_is_left(chosen: list[str]) -> None:
        wait_for(lambda: len(_list_left(scene, files)) < len(files), "the ring deletes", TURNED_WITHIN, 0.01)
        for file in chosen:
            if is_over.is_set() or len(held) >= 60:
                return
            if hold := _hold(scene, file):
                held[file] = hold

    try:
        scene.installation.run_script(_PROMISE.format(days=1))
        side_by_side(turn, *(partial(hold_what_is_left, later[half::2]) for half in range(2)))
        seen = _find_lost(scene, list(held))
        if not held or len(_list_left(scene, files)) > len(files) // 2:
            left = len(_list_left(scene, files))
            seen.append(Violation("it is a race", f"{len(held)} were held, {left} of {len(files)} are left"))
    finally:
        for hold in held.values():
            scene.api("DELETE", f"/api/v1/holds/{hold}")
        scene.installation.run_script(_PROMISE.format(days=0))
        _forget_held(scene, cameras, files)
    return Fault(_forget(scene, at), seen=tuple(seen))


@case("room is made, oldest first, what is held stays, each deletion is written down", trials=1)
def watermark_kept(scene: Scene) -> Fault:
    """The small disk fills up beyond its low mark."""
    at, cameras = time.time(), scene.ids[:4]
    files = plant(scene, cameras, oldest=12 * 3600, apart=600, count=6, size=MEGABYTE)
    holds = [hold for file in files[:3] if (hold := _hold(scene, file))]
    low, high = 24 * MEGABYTE, 28 * MEGABYTE
    mediamtx = scene.installation.leader("mediamtx")
    assert mediamtx is not None
    seen = [] if len(holds) == 3 else [Violation("holds can be made", f"{len(holds)} of 3")]
    try:
        scene.disk.fill(mediamtx, leave=16 * MEGABYTE)
        with _marked(scene, low, high):
            seen += _await("watermark kept", lambda: measure_free(scene.disk.folder) >= low)
        left = _list_left(scene, files)
        seen += _find_lost(scene, files[:3])
        gone = [file not in left for file in files[3:]]
        if gone != sorted(gone, reverse=True):
            seen.append(Violation("the oldest goes first", f"gone are {gone}"))
        if scene.execute(_DELETIONS) == [(0,)]:
            seen.append(Violation("deletions are written down", "none is"))
    finally:
        scene.disk.make_room(mediamtx)
        for hold in holds:
            scene.api("DELETE", f"/api/v1/holds/{hold}")
        _forget_held(scene, cameras, files)
    return Fault(_forget(scene, at), seen=tuple(seen))


@case("nothing is deleted, the server says that it refuses; with room again it records", trials=1)
def only_held_left(scene: Scene) -> Fault:
    """All that is on a full disk is held."""
    at = time.time()
    before = scene.remember()
    holds = [hold for camera in scene.ids if (hold := _hold_span(scene, camera, at - 86400, at + 3600))]
    mediamtx = scene.installation.leader("mediamtx")
    assert mediamtx is not None
    try:
        scene.disk.fill(mediamtx, leave=8 * MEGABYTE)
        with _marked(scene, 16 * MEGABYTE, 20 * MEGABYTE):
            seen = _await("recording is refused", lambda: scene.execute(_REFUSES, scene.server_id) == [(True,)])
            seen += _find_lost(scene, [row.file for row in before.rows if row.state == "ready"])
            scene.disk.make_room(mediamtx)
            seen += _await("no longer refused", lambda: scene.execute(_REFUSES, scene.server_id) == [(False,)])
    finally:
        scene.disk.make_room(mediamtx)
        for hold in holds:
            scene.api("DELETE", f"/api/v1/holds/{hold}")
    return Fault(at, loses_more=True, releases_holds=True, seen=tuple(seen))


def _hold(scene: Scene, file: str) -> str | None:
    """Hold a planted file by the API; give the hold's id, None where there was nothing left to hold."""
    camera, start = UUID(file.partition("/")[0].removeprefix("stream_")), start_of(file).timestamp()
    return _hold_span(scene, camera, start + 1, start + LASTS_SECONDS - 1)


def _hold_span(scene: Scene, camera: UUID, begins: float, ends: float) -> str | None:
    span = {"from": _write_time(begins), "to": _write_time(ends)}
    answer = scene.api("POST", "/api/v1/holds", {"camera_id": str(camera), "reason": "a fault run", **span})
    return str(answer.read()["id"]) if answer.status == 201 else None


def _find_lost(scene: Scene, files: list[str]) -> list[Violation]:
    """Name what has lost its row, or its bytes under both of its names."""
    facts = scene.read_facts()
    rows = {row.file: row for row in facts.rows}
    lost = [file for file in files if file not in rows]
    bare = [row.file for row in rows.values() if row.file in files and not _has_bytes(facts, row)]
    return [Violation("what is held stays", f"{file} is gone") for file in [*lost, *bare]]


def _has_bytes(facts: Facts, row: Row) -> bool:
    return row.file in facts.files or row.held_file in facts.links


def _list_left(scene: Scene, files: list[str]) -> set[str]:
    return {file for (file,) in scene.execute(_LEFT, files)}


def _await(what: str, condition: Callable[[], bool]) -> list[Violation]:
    try:
        wait_for(condition, what, TURNED_WITHIN, 0.5)
    except TimeoutError as error:
        return [Violation(what, str(error))]
    return []


@contextmanager
def _marked(scene: Scene, low: int, high: int) -> Iterator[None]:
    """Set the disk's water marks for the time of the block; otherwise this small disk has none."""
    scene.execute(_MARKS, low, high, scene.server_id)
    try:
        yield
    finally:
        scene.execute(_MARKS, 0, 0, scene.server_id)


def _forget_held(scene: Scene, cameras: list[UUID], files: list[str]) -> None:
    """Wait until the released links are given back, then take all that was planted away."""
    query = "SELECT count(*) FROM recording_segment WHERE file = ANY(%s) AND held_file <> ''"
    try:
        wait_for(lambda: scene.execute(query, files) == [(0,)], "links are given back", TURNED_WITHIN, 0.5)
    finally:
        unplant(scene, cameras, files)


def _forget(scene: Scene, at: float) -> float:
    """Remember anew, without what was planted; give when."""
    return max(at, scene.remember().at)


def _write_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
