"""`manage.py up`: checks, starts, watches and stops one whole installation."""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ffmpeg.binary import find_ffmpeg, list_encoders
from ffmpeg.demo import demo_feeds
from ffmpeg.errors import FFmpegError
from vms.environment import read_embedded_urls, read_or_make_secret
from vms.launcher import postgres, preflight, valkey
from vms.launcher.errors import NotStartedError, ServiceFailedError, StopRequested
from vms.launcher.folders import make_run_folder, remove_stale_run_folder
from vms.launcher.guardian import end_tagged, remove_rubbish
from vms.launcher.guarding import Guardian
from vms.launcher.logs import read_last_lines
from vms.launcher.ownership import choose_owner
from vms.launcher.plan import Addresses, Plan, plan_mediamtx_search, plan_player, plan_postgres, plan_redis
from vms.launcher.probes import is_healthy
from vms.launcher.settings import LauncherSettings, read_settings
from vms.launcher.statics import are_collected, describe_static_sources, has_collected, note_collected
from vms.launcher.stopping import StopRequests
from vms.launcher.supervisor import Service, Supervisor

STEPS_WITHIN_SECONDS = 600.0
MEDIAMTX_WITHIN_SECONDS = 1800.0
PLAYER_WITHIN_SECONDS = 600.0
PLAYER_AGAIN_WITHIN_SECONDS = 20.0
"""At a later start cameras wait to be recorded: no registry that is slow or silent may hold them up."""

HEALTHY_WITHIN_SECONDS = 20.0

DONE, FAILED, NOT_STARTED = 0, 1, 2
"""Exit codes: stopped on request; something failed while starting; nothing was started."""


def run_up(write: Callable[[str], None] = print) -> int:
    """Run one installation until asked to stop; gives the exit code."""
    console = Console(write)
    with StopRequests() as requests:
        try:
            settings = read_settings()
            _run_locked(settings, requests, console)
        except NotStartedError as error:
            console.complain(error)
            return NOT_STARTED
        except ServiceFailedError as error:
            console.complain(error)
            return FAILED
        except StopRequested:
            pass
    console.say("stopped")
    return DONE


class Console:
    """Lines for the person who started us; a terminal that was closed is no reason to fail."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self.is_timed = False

    def say(self, line: str) -> None:
        """Say one line; once everything runs, with the time of day."""
        stamp = time.strftime("%H:%M:%S ") if self.is_timed else ""
        with contextlib.suppress(OSError, ValueError):
            self._write(f"{stamp}{line}")
            sys.stdout.flush()

    def complain(self, error: Exception) -> None:
        """Say why it does not go on, where errors belong."""
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()


def _run_locked(settings: LauncherSettings, requests: StopRequests, console: Console) -> None:
    preflight.check_folder(settings.data, "VMS_DATA")
    preflight.check_folder(settings.recordings, "VMS_RECORDINGS")
    settings.logs.mkdir(exist_ok=True)

    def pause(seconds: float) -> None:
        requests.raise_if_asked()
        time.sleep(seconds)

    with preflight.hold_lock(settings.data, console.say, pause) as lock:
        run_id = name_run(settings.data)
        _clear_left_overs(settings, run_id, console)
        preflight.check_room(settings.data)
        preflight.check_ports(preflight.list_listeners(settings))
        with _guarded(settings, run_id, lock, requests, console) as (supervisor, guardian):
            Installation(settings, run_id, supervisor, guardian, requests, console).start()
            supervisor.watch()


def name_run(data: Path) -> str:
    """The mark that all processes of the installation in this data folder carry."""
    return f"vms-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"


def _clear_left_overs(settings: LauncherSettings, run_id: str, console: Console) -> None:
    """End what an earlier run left if it was killed together with its guardian."""
    if count := end_tagged(f"{run_id}:", within=3.0):
        console.say(f"ended {count} processes that an earlier run had left behind")
    remove_stale_run_folder(read_embedded_urls(settings.data).get("run_folder"))
    remove_rubbish(settings.data / "embedded.json")


@contextlib.contextmanager
def _guarded(
    settings: LauncherSettings,
    run_id: str,
    lock: int,
    requests: StopRequests,
    console: Console,
) -> Iterator[tuple[Supervisor, Guardian]]:
    """A supervisor that is stopped, and a guardian that is dismissed, whatever happens inside."""
    guardian = Guardian(kept_open=[lock])
    guardian.remove_at_end(settings.data / "embedded.json")
    supervisor = Supervisor(run_id=run_id, guardian=guardian, requests=requests, report=console.say)
    try:
        yield supervisor, guardian
    finally:
        if requests.asked:
            console.say("stopping (Ctrl-C again ends everything at once)")
        supervisor.stop()
        guardian.dismiss()


@dataclass(frozen=True)
class Installation:
    """One installation being started."""

    settings: LauncherSettings
    run_id: str
    supervisor: Supervisor
    guardian: Guardian
    requests: StopRequests
    console: Console

    def start(self) -> None:
        """Start everything in order. Raises NotStartedError, ServiceFailedError, StopRequested."""
        began = time.monotonic()
        mediamtx = self._find_mediamtx()
        self._get_player()
        addresses = self._start_stores()
        plan = Plan(
            self.settings, self.run_id, addresses, self._find_secret("hook_secret"), self._find_secret("media_secret")
        )
        self._run_preparations(plan)
        self._start_media(plan, mediamtx)
        services = [plan.web(), plan.worker(), plan.keeper(), plan.painter(), plan.beat(), plan.ingest()]
        self.supervisor.start_stage(services)
        self._await_health()
        self._tell_ready(time.monotonic() - began)

    def _find_secret(self, name: str) -> str:
        """Give a secret that MediaMTX shares with us: the environment's, else the one kept in a file of this name."""
        return self.settings.environ.get(f"VMS_{name.upper()}") or read_or_make_secret(self.settings.data / name)

    def _await_health(self) -> None:
        """Wait until the whole says that it is well, for a while only: what ails it then stands in /health."""
        where = (self.settings.loopback, self.settings.ports.web)
        self.supervisor.watch_until(lambda: is_healthy(*where), within=HEALTHY_WITHIN_SECONDS)

    def _start_stores(self) -> Addresses:
        """Start the embedded servers for which no address was given, and tell where they are."""
        settings = self.settings
        owner = choose_owner(os.geteuid())
        run = make_run_folder(owner)
        self.guardian.remove_at_end(run)
        stores: list[Service] = []
        embedded = {"run_folder": str(run)}
        place = None
        if settings.database_url is None:
            place = postgres.settle_postgres(settings.data, run, owner, self.console.say)
            postgres.prepare_cluster(place)
            stores.append(plan_postgres(place, settings.logs))
            embedded["database_url"] = place.url
        if settings.redis_url is None:
            folder, socket_path = settings.data / "redis", run / "redis.sock"
            folder.mkdir(mode=0o700, exist_ok=True)
            stores.append(plan_redis(folder, socket_path, settings.logs))
            embedded["redis_url"] = valkey.redis_url(socket_path)
        self.supervisor.start_stage(stores)
        if place is not None:
            postgres.make_database(place)
        _write_embedded(settings.data / "embedded.json", embedded)
        return Addresses(
            settings.database_url or embedded["database_url"],
            settings.redis_url or embedded["redis_url"],
        )

    def _find_mediamtx(self) -> Path | None:
        """The MediaMTX program, got if need be; None where neither a MediaMTX nor a street is ours."""
        if self.settings.mediamtx_api_url is not None and not self.settings.demo_cameras:
            return None
        step = plan_mediamtx_search(self.settings)
        self.supervisor.run_steps([step], MEDIAMTX_WITHIN_SECONDS, show=self._say_unless_path)
        return Path(read_last_lines(step.log, 1)[0])

    def _get_player(self) -> None:
        """Get hls.js for our pages; where it cannot be had in time that is said, and all else goes on."""
        within = PLAYER_AGAIN_WITHIN_SECONDS if has_collected(self.settings.data) else PLAYER_WITHIN_SECONDS
        self.supervisor.try_step(plan_player(self.settings), within, show=self.console.say)

    def _say_unless_path(self, line: str) -> None:
        """Say how the search goes; its last line, the program's path alone, is for us."""
        if not line.startswith("/"):
            self.console.say(line)

    def _say_warning(self, line: str) -> None:
        """Say what is numbered as a warning; the rest stands in the log."""
        if line.startswith("vms.W"):
            self.console.say(line)

    def _run_preparations(self, plan: Plan) -> None:
        began, data = time.monotonic(), self.settings.data
        digest = describe_static_sources(self.settings.checkout, self.settings.assets)
        if are_collected(data, digest):
            self.supervisor.run_steps([plan.migrate()], STEPS_WITHIN_SECONDS)
        else:
            self.supervisor.run_steps([plan.migrate(), plan.collect_static()], STEPS_WITHIN_SECONDS)
            note_collected(data, digest)
        self.supervisor.run_steps([plan.prepare()], STEPS_WITHIN_SECONDS, show=self._say_warning)
        self.console.say(f"database and static files prepared in {time.monotonic() - began:.1f} s")

    def _start_media(self, plan: Plan, binary: Path | None) -> None:
        servers: list[Service] = []
        if binary is not None and self.settings.mediamtx_api_url is None:
            servers.append(plan.mediamtx(binary))
        if binary is not None and self.settings.demo_cameras:
            servers.append(plan.street(binary))
        self.supervisor.start_stage(servers)
        self.supervisor.start_stage(self._plan_feeds(plan))

    def _plan_feeds(self, plan: Plan) -> list[Service]:
        port, count = self.settings.ports.street, self.settings.demo_cameras
        if port is None:
            return []
        try:
            ffmpeg = find_ffmpeg(self.settings.environ)
            feeds = demo_feeds(ffmpeg, port, count, list_encoders(ffmpeg).__contains__)
            return [plan.demo_feed(feed) for feed in feeds]
        except FFmpegError as error:
            raise NotStartedError(str(error)) from error

    def _tell_ready(self, seconds: float) -> None:
        for line in describe_demo(self.settings.data / "demo.json") if self.settings.demo_cameras else []:
            self.console.say(line)
        self.console.say(f"VMS ready at {self.settings.url} after {seconds:.1f} s (Ctrl-C stops it)")
        self.console.is_timed = True


def describe_demo(path: Path) -> list[str]:
    """What a newcomer needs to sign in, as lines; none where no demo was made."""
    try:
        demo = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    keys = {"url": "url", "username": "user", "password": "password", "city_id": "X-City-ID", "user_id": "X-User-ID"}
    facts = [f"  {label + ':':<11} {demo.get(key)}" for key, label in keys.items()]
    cameras = [f"  {'camera:':<11} {camera['id']}  {camera['name']}" for camera in demo.get("cameras", [])]
    return ["", *facts, *cameras, f"  (also in {path})", ""]


def _write_embedded(path: Path, embedded: dict[str, str]) -> None:
    """Tell `manage.py shell` in another terminal where the servers are."""
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(embedded, indent=2) + "\n", encoding="utf-8")
    aside.rename(path)
