"""A media server of its own, that answers wrongly in every way: no camera of it changes its state."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests.fakes.mediamtx import FakeMediaMTX, Reply, Script, deny_info, describe_path, refuse, say, write_page
from tests.faults.checker import Fault, Violation
from tests.faults.installation import wait_for
from tests.faults.registry import case
from tests.faults.scene import Scene

COUNT = 8
LOOK_WITHIN = 40.0
VALID = "empty after a restart"
"""The only one of them that is a valid answer: the grace must keep the cameras."""

_MAKE = """
import json
from cameras.models import Camera, MediaServer
from cameras.services import add_camera
from cities.models import City
from cities.scope import every_city
from django.utils import timezone
with every_city("a fault run adds a server"):
    server = MediaServer.objects.create(name={name!r}, api_url={url!r}, recordings_root={root!r})
    city = City.objects.get()
    names = [f"{name} {{number}}" for number in range({count})]
    ids = [add_camera(city, name=each, now=timezone.now()).pk for each in names]
    Camera.objects.filter(pk__in=ids).update(media_server=server)
print(json.dumps([server.pk, [str(each) for each in ids]]))
"""
_REMOVE = """
from cameras.models import Camera, MediaServer
from cities.scope import every_city
with every_city("a fault run removes its server"):
    Camera.objects.filter(media_server__name={name!r}).delete()
    MediaServer.objects.filter(name={name!r}).delete()
"""

_STATES = "SELECT id, is_online, online_changed_at FROM cameras_camera WHERE media_server_id = %s ORDER BY id"
_REACH = "SELECT reach FROM cameras_mediaserver WHERE id = %s"


def list_misbehaviours(paths: list[str]) -> dict[str, Script]:
    """Every wrong answer, by what it is; each would send all cameras or some of them offline if it were believed."""
    page, half = list(map(describe_path, paths)), list(map(describe_path, paths[: len(paths) // 2]))
    announced = len(paths)
    bomb = gzip.compress(bytes(10 << 20))
    return {
        "401": refuse(401),
        "403": refuse(403),
        "500": refuse(500),
        "HTML": say(b"<html><body>It works!</body></html>"),
        "nothing": say(b""),
        "torn off": say(write_page(page), cut=50),
        "torn JSON": say(write_page(page)[:-50]),
        "items null": say(b'{"itemCount":0,"pageCount":0,"items":null}'),
        "no items": say(b'{"itemCount":0,"pageCount":0}'),
        "too few items": say(write_page(half, itemCount=announced)),
        "too many items": say(write_page(page, itemCount=1)),
        "names twice": say(write_page([*page, *page])),
        "fields missing": say(json.dumps({"itemCount": 1, "items": [{"name": paths[0]}]}).encode()),
        "a list": say(b"[]"),
        "gzip": say(bomb),
        "info 500": deny_info,
        VALID: _restart_empty,
    }


@case("no transition, the API says unknown; a camera that really leaves is told at once", trials=1, short=True)
def wrong_answers(scene: Scene) -> Fault:
    """401, 403, 500, HTML, nothing, torn, wrong counts, a restart: each is looked at by the real worker."""
    at = time.time()
    fake = FakeMediaMTX()
    try:
        with _served_by(scene, fake) as (server, cameras):
            seen = [*_try_all(scene, fake, server, cameras), *_take_one_away(scene, fake, server, cameras)]
    finally:
        fake.stop()
    return Fault(at, seen=tuple(seen))


def _try_all(scene: Scene, fake: FakeMediaMTX, server: int, cameras: list[UUID]) -> Iterator[Violation]:
    paths = [scene.stream(camera) for camera in cameras]
    before = scene.execute(_STATES, server)
    wrong = list(list_misbehaviours(paths).items())
    scene.rng.shuffle(wrong)
    for name, script in wrong:
        fake.script = script
        _await_look(scene, fake, cameras[0])
        if name != VALID:
            yield from _await_unknown(scene, server, cameras, name)
        if scene.execute(_STATES, server) != before:
            yield Violation("no false OFFLINE", f"a camera changed its state at: {name}")
            before = scene.execute(_STATES, server)
        fake.script = None
        fake.show(*paths)
        _await_reach(scene, cameras[0], server)
    if scene.execute(_STATES, server) != before:
        yield Violation("no false OFFLINE", "a camera changed its state when the server was back")


def _take_one_away(scene: Scene, fake: FakeMediaMTX, server: int, cameras: list[UUID]) -> Iterator[Violation]:
    """The guards must not make the observer blind."""
    gone, *left = cameras
    fake.show(*map(scene.stream, left))
    try:
        # After the restart above there may be up to 60 s of grace.
        wait_for(
            lambda: scene.hook("offline", scene.stream(gone)) and not _online(scene, server)[gone], "OFFLINE", 90, 0.5
        )
    except TimeoutError as error:
        yield Violation("a camera that left is OFFLINE", str(error))
    if not all(_online(scene, server)[camera] for camera in left):
        yield Violation("no false OFFLINE", "a camera left with another one")


@contextmanager
def _served_by(scene: Scene, fake: FakeMediaMTX) -> Iterator[tuple[int, list[UUID]]]:
    """A media server with cameras that are all online, for the time of the block."""
    name, root = f"fake {scene.rng.randrange(10**6)}", scene.installation.folder / "fake"
    root.mkdir(exist_ok=True)
    code = _MAKE.format(name=name, url=fake.url, root=str(root), count=COUNT)
    server, ids = scene.installation.run_script(code)
    cameras = [UUID(each) for each in ids]
    fake.show(*map(scene.stream, cameras))
    try:
        wait_for(
            lambda: scene.hook("online", scene.stream(cameras[0])) and all(_online(scene, server).values()),
            "the fake's cameras are online",
            LOOK_WITHIN,
            0.5,
        )
        yield server, cameras
    finally:
        scene.installation.run_script(_REMOVE.format(name=name))


def _await_look(scene: Scene, fake: FakeMediaMTX, camera: UUID) -> None:
    """Wait for a look that began after now and has been written down: a second one that begins after its end."""
    for _ in range(2):
        asked = _count(fake)
        scene.hook("offline", scene.stream(camera))
        wait_for(lambda asked=asked: _count(fake) > asked, "a look at the fake", LOOK_WITHIN)


def _await_unknown(scene: Scene, server: int, cameras: list[UUID], name: str) -> Iterator[Violation]:
    """Wait until the server is known to answer wrongly; then the API says of all its cameras that nobody knows."""
    try:
        wait_for(lambda: scene.execute(_REACH, server) == [("unreachable",)], f"unreachable: {name}", LOOK_WITHIN)
    except TimeoutError as error:
        yield Violation("unknown, not OFFLINE", str(error))
        return
    listed = scene.api("GET", "/api/v1/cameras").read()["results"]
    states = {each["state"] for each in listed if UUID(each["id"]) in cameras}
    if states != {"unknown"}:
        yield Violation("unknown, not OFFLINE", f"the API says {sorted(states)} at: {name}")


def _await_reach(scene: Scene, camera: UUID, server: int) -> None:
    scene.hook("online", scene.stream(camera))
    wait_for(lambda: scene.execute(_REACH, server) == [("reachable",)], "the fake is reachable", LOOK_WITHIN)


def _count(fake: FakeMediaMTX) -> int:
    return sum(question.startswith("/v3/paths/list?") for question in fake.questions)


def _online(scene: Scene, server: int) -> dict[UUID, bool]:
    return {camera: is_online for camera, is_online, _ in scene.execute(_STATES, server)}


def _restart_empty(fake: FakeMediaMTX, target: str) -> Reply | None:
    """All paths are gone, and the info says that MediaMTX began just now: cameras have not come back yet."""
    if target == "/v3/info":
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return Reply(json.dumps({"version": fake.version, "started": moment}).encode())
    return Reply(write_page([])) if target.startswith("/v3/paths/list?") else None
