"""The scene of every case: a city with eight cameras that record, and the verbs by which cases hurt it."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from tests.faults.cameras import Cameras
from tests.faults.checker import Facts, Fault, Violation, check, read_facts
from tests.faults.disk import Disk
from tests.faults.installation import SERVICES, Answer, Installation, NotThisTime, wait_for

CAMERAS = 8
SETTLED_WITHIN = 60.0
SUCCESSOR_WITHIN = 90.0
"""The launcher waits up to 30 s before it starts again what dies again and again."""

_SEEN_AT = "SELECT extract(epoch FROM snapshot_at)::float FROM cameras_mediaserver WHERE id = %s"
_MAKE_CITY = """
import json
from cameras.models import MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from recording.models import Storage
city = City.objects.create(name="Faults")
user = User.objects.create_user("faults")
with every_city("a fault run makes its city"):
    Membership.objects.create(user=user, city=city, role=Role.MANAGER)
# A disk of 64 MB must not be taken for a full one; the cases that want water marks set them.
Storage.objects.update_or_create(media_server=MediaServer.objects.get(), defaults={"low_bytes": 0, "high_bytes": 0})
print(json.dumps({"city": str(city.pk), "user": user.pk, "server": MediaServer.objects.get().pk}))
"""


@dataclass
class Scene:
    """What a case is given; `rng` is its own, from the seed, its name and the trial's number."""

    installation: Installation
    cameras: Cameras
    disk: Disk
    rng: random.Random = field(default_factory=random.Random)
    headers: dict[str, str] = field(default_factory=dict)
    server_id: int = 0
    ids: list[UUID] = field(default_factory=list)
    before: Facts | None = None

    def furnish(self) -> None:
        """Make the city and its cameras, have them publish and record, and cut them once, so that files are sealed."""
        made = self.installation.run_script(_MAKE_CITY)
        self.server_id = made["server"]
        self.headers = {"X-City-ID": made["city"], "X-User-ID": str(made["user"]), "Content-Type": "application/json"}
        for number in range(CAMERAS):
            camera = self._must("POST", "/api/v1/cameras", {"name": f"Camera {number + 1}"}, 201)
            self.ids.append(UUID(camera["id"]))
            self._must("PUT", f"/api/v1/cameras/{camera['id']}/recording", None, 200)
            publishing = self._must("GET", f"/api/v1/cameras/{camera['id']}/publishing", None, 200)
            password = f"{publishing['publish_username']}:{publishing['publish_password']}"
            self.cameras.passwords[camera["stream_id"]] = password
        streams = [self.stream(camera) for camera in self.ids]
        self.cameras.switch_on(*streams)
        wait_for(lambda: self._count_files() >= CAMERAS, "all cameras write", 60)
        self.cut(*self.ids)
        wait_for(lambda: self._count_files() >= 2 * CAMERAS, "all cameras write again", 60)

    def stream(self, camera: UUID) -> str:
        """The name of a camera's picture."""
        return f"stream_{camera}"

    def cut(self, *cameras: UUID) -> None:
        """Have cameras lose their connection and come back."""
        streams = [self.stream(camera) for camera in cameras]
        self.cameras.switch_off(*streams)
        self.cameras.switch_on(*streams)

    def read_facts(self) -> Facts:
        """What disk and database say now. Raises psycopg.Error."""
        return read_facts(self.database_url, self.server_id, self.installation.recordings)

    @property
    def database_url(self) -> str:
        """Where its Postgres answers now."""
        return self.installation.embedded.get("database_url", "")

    def remember(self) -> Facts:
        """Note what is there now as what was there before the fault."""
        self.before = self.read_facts()
        return self.before

    def await_calm(self, seconds: float = 120.0) -> None:
        """Wait until everything runs, records, is indexed and known to be well; then remember it."""
        began = time.monotonic()
        while found := self.look():
            if time.monotonic() - began > seconds:
                raise NotThisTime(f"not calm within {seconds:.0f} s: {'; '.join(map(str, found))}")
            time.sleep(1.0)
        self.remember()

    def look(self, fault: Fault | None = None) -> list[Violation]:
        """Name what does not hold now; without a fault, what does not hold of itself."""
        try:
            now = self.read_facts()
        except psycopg.Error as error:
            return [Violation("all answer", f"the database: {error}")]
        except OSError as error:
            return [Violation("all answer", f"the disk: {error}")]
        if fault is None or self.before is None:
            calm = Fault(0.0, loses_more=True, sends_offline=True)
            absent = [camera for camera, wish in now.wishes.items() if not wish.is_online]
            offline = [Violation("all answer", f"cameras not online: {absent}")] if absent else []
            return [*self._look_at_services(0.0), *offline, *check(now, now, calm)]
        return [*self._look_at_services(fault.at), *check(self.before, now, fault)]

    def settle(self, fault: Fault) -> tuple[list[Violation], float]:
        """Wait until all holds again, at most 60 s; give what still does not, and the seconds since the fault."""
        deadline = time.monotonic() + SETTLED_WITHIN
        while found := self.look(fault):
            if time.monotonic() > deadline:
                break
            time.sleep(0.5)
        return found, time.time() - fault.at

    def pause_at_random(self, most: float = 4.0) -> None:
        """Let a time pass that the seed chose: a fault may come anywhere in a fragment."""
        time.sleep(self.rng.uniform(0.0, most))

    def kill(self, service: str, *, whole: bool = True) -> float:
        """End a service's processes by SIGKILL, or its first one only; give when. Waits for its successor."""
        leader = self.installation.leader(service)
        if leader is None:
            raise NotThisTime(f"{service} does not run")
        pids = self.installation.members(service) if whole else {leader}
        at = time.time()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.installation.leader(service) not in {None, leader}, f"{service} again", SUCCESSOR_WITHIN)
        return at

    def hook(self, event: str, path: str, *, secret: str | None = None, **fields: str) -> int:
        """Send a hook as MediaMTX would; give the answer's status."""
        body = urlencode({"event": event, "path": path, **fields}).encode()
        headers = {
            "X-Hook-Secret": self.installation.hook_secret if secret is None else secret,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.installation.ask("POST", "/hooks/mediamtx", headers=headers, data=body).status

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """Speak to the API as the city's manager."""
        data = json.dumps(body).encode() if body is not None else None
        return self.installation.ask(method, path, headers=self.headers, data=data)

    def check_footage(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Compare disk and index by our own command."""
        return self.installation.manage("check_footage", *options)

    def execute(self, statement: Any, *values: Any) -> list[Any]:
        """Run SQL in its database; give the rows, if there are any."""
        with psycopg.connect(self.database_url, connect_timeout=5) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def watched(self) -> Iterator["Watch"]:
        """Have people look at the cameras' states all the while; nobody may see one offline."""
        watch = Watch(self)
        watch.thread.start()
        try:
            yield watch
        finally:
            watch.over.set()
            watch.thread.join(30)

    def _must(self, method: str, path: str, body: Any, status: int) -> Any:
        answer = self.api(method, path, body)
        if answer.status != status:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.body!r}")
        return answer.read()

    def _count_files(self) -> int:
        return sum(1 for file in self.installation.recordings.glob("stream_*/*.mp4") if file.stat().st_size)

    def _look_at_services(self, since: float) -> list[Violation]:
        """Each runs; beat, a worker and the observer have done their work since then."""
        missing = [service for service in SERVICES if self.installation.leader(service) is None]
        if missing:
            return [Violation("all answer", f"not running: {', '.join(missing)}")]
        answer = self.installation.ask("GET", "/health")
        if answer.status != 200:
            return [Violation("all answer", f"/health answered {answer.status}")]
        health = answer.read()
        is_well = health["mediamtx"] and health["redis"] and health["database"]
        is_heard = health["beat_age"] is not None and health["beat_age"] < min(25, time.time() - since)
        if not (is_well and is_heard):
            return [Violation("all answer", f"/health says {health}")]
        seen_at = self.execute(_SEEN_AT, self.server_id)[0][0]
        return [] if seen_at > since else [Violation("all answer", "the observer has not looked since")]


class Watch:
    """Asks the API for all cameras, over and over: what it answered, and whom it called offline or unknown."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.statuses: set[int] = set()
        self.offline: set[str] = set()
        self.unknown: set[str] = set()
        self.looks = 0

    @property
    def seen(self) -> tuple[Violation, ...]:
        """What nobody should have seen."""
        return tuple(Violation("no false OFFLINE", f"the API called {name} offline") for name in sorted(self.offline))

    def _run(self) -> None:
        while not self.over.wait(0.2):
            answer = self.scene.api("GET", "/api/v1/cameras")
            self.statuses.add(answer.status)
            self.looks += 1
            if answer.status == 200:
                self._note(answer.read()["results"])

    def _note(self, cameras: list[dict[str, Any]]) -> None:
        self.offline |= {camera["name"] for camera in cameras if camera["state"] == "offline"}
        self.unknown |= {camera["name"] for camera in cameras if camera["state"] == "unknown"}


def side_by_side(*works: Callable[[], object]) -> None:
    """Do several things at once, each in a thread, to their end; raises what any of them raised."""
    with ThreadPoolExecutor(len(works)) as threads:
        done = [threads.submit(work) for work in works]
    for each in done:
        each.result()
