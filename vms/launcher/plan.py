"""What an installation consists of: every service and step as a value, made from the settings and what was found."""

import os
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote
from uuid import UUID

from ffmpeg.demo import DemoFeed
from mediamtx.config import ConfigValues, read_off_cameras, render_config, render_street_config, write_config
from mediamtx.errors import InvalidConfig
from vms.launcher import postgres, valkey
from vms.launcher.children import OUR_SECRETS, Program, keep_ordinary_environment
from vms.launcher.errors import NotStartedError
from vms.launcher.hearing import Watch
from vms.launcher.postgres import PostgresPlace
from vms.launcher.probes import answers_at_all, answers_ok, was_written_lately, worker_answers
from vms.launcher.settings import LauncherSettings
from vms.launcher.supervisor import Service

MEDIAMTX_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
"""What MediaMTX gets of our environment: not MTX_*, which would override its configuration, nor others' secrets."""

MEDIA_SERVER_NAME = "mediamtx"
"""How MediaMTX signs in where it asks who may publish and watch."""

POWER_CYCLE_SECONDS = 20.0
"""A street camera that was switched off and on is back after about this long; its absence must be seen meanwhile."""

PATIENT_LOOKS = 12
"""Three minutes without a sign of life, where a start anew for nothing would do harm."""

WEB_THREADS = 32
"""A page that listens to the status holds one; at most 24 of them do, and the others answer."""

WEB_MEMORY = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}
"""What keeps glibc from handing memory back after each answer, only to fetch it page by page for the next: a day's
playlist spent a seventh of its time so. Few arenas, for 32 threads not each to keep what one of them needed."""


@dataclass(frozen=True)
class Addresses:
    """Where the stores answer, ours or others'."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Plan:
    """Makes the services and steps of one installation."""

    settings: LauncherSettings
    run_id: str
    addresses: Addresses
    hook_secret: str
    media_secret: str

    def migrate(self) -> Program:
        """Bring the database's tables up to date."""
        return self._manage("migrate", "migrate", "--no-input")

    def collect_static(self) -> Program:
        """Bring the static files together, compressed, under names that hold their hash."""
        return self._manage("collectstatic", "collectstatic", "--no-input", "--verbosity", "0")

    def prepare(self) -> Program:
        """Put into the database what the installation needs."""
        return self._manage("prepare", "prepare")

    def mediamtx(self, binary: Path) -> Service:
        """The MediaMTX that records; its configuration is written now. Raises NotStartedError.

        Cameras that the file switches off stay so: they would be recorded until the worker runs.
        """
        config = self._mediamtx_config
        write_config(config, self._render_config(off=read_off_cameras(config)))
        port = self.settings.ports.mediamtx_api or 0
        hook = f"http://{_bracket(self.settings.loopback)}:{self.settings.ports.web}/hooks/mediamtx"
        own = {"VMS_HOOK_URL": hook, "VMS_HOOK_SECRET": self.hook_secret}
        return Service(
            program=self._mediamtx("mediamtx", binary, config, own),
            is_ready=lambda: answers_ok("127.0.0.1", port, "/v3/info"),
            # A start anew costs every camera some seconds of footage: not while any is written.
            watch=Watch(
                is_alive=lambda: answers_at_all("127.0.0.1", port, "/v3/info"),
                is_excused=lambda: was_written_lately(self.settings.recordings, time.time()),
                looks=PATIENT_LOOKS,
            ),
        )

    def street(self, binary: Path) -> Service:
        """The second MediaMTX, which stands for the demo's IP cameras."""
        port = self.settings.ports.street or 0
        text = render_street_config(rtsp_address=f"127.0.0.1:{port}")
        config = self.settings.data / "mediamtx" / "street.yml"
        write_config(config, text)
        return Service(
            program=self._mediamtx("street", binary, config, {}),
            is_ready=lambda: accepts_tcp("127.0.0.1", port),
        )

    def demo_feed(self, feed: DemoFeed) -> Service:
        """One demo camera; switched off and on again like a real one when it dies."""
        program = Program(
            name=f"demo-{feed.path}",
            argv=feed.argv,
            env=keep_ordinary_environment(self.settings.environ),
            log=self._log(f"demo-{feed.path}"),
            stop_within=3.0,
        )
        return Service(program=program, is_ready=lambda: True, steady_for=1.0, first_delay=POWER_CYCLE_SECONDS)

    def web(self) -> Service:
        """The web server, ready when the application says that it can serve."""
        ports = self.settings.ports
        where = f"{_bracket(self.settings.bind)}:{ports.web}"
        options = [
            "--worker-class",
            "gthread",
            "--workers",
            "1",
            "--threads",
            str(WEB_THREADS),
            "--graceful-timeout",
            "5",
        ]
        options += ["--bind", where, "--no-control-socket"]
        program = self._python("web", "-m", "gunicorn", "vms.wsgi:application", *options)
        return Service(
            program=replace(program, env={**WEB_MEMORY, **program.env}),
            is_ready=lambda: answers_ok(self.settings.loopback, ports.web, "/health/ready"),
            ready_within=60.0,
            watch=Watch(
                is_alive=lambda: answers_at_all(self.settings.loopback, ports.web, "/health/ready"),
                is_excused=self._is_database_silent,
            ),
        )

    def worker(self) -> Service:
        """The Celery worker of everything that must be quick: states, hooks, switches."""
        return self._worker("worker", "celery", max(2, min(4, os.cpu_count() or 2)))

    def keeper(self) -> Service:
        """The Celery worker of what may take its time: the ring, full passes over the footage, gaps."""
        return self._worker("keeper", "footage", 3)

    def painter(self) -> Service:
        """The Celery worker of previews, one at a time: they are CPU, and nothing waits for them."""
        return self._worker("painter", "pictures", 1)

    def beat(self) -> Service:
        """The Celery scheduler. It keeps no pid file, which would outlive a kill and stop its successor."""
        program = replace(self._celery("beat", "beat", "--pidfile", ""), has_pulse=True)
        watch = Watch(is_excused=lambda: self._is_database_silent() or self._is_redis_silent())
        return Service(program, is_ready=lambda: True, steady_for=2.0, watch=watch)

    def ingest(self) -> Service:
        """The process that brings the cameras' pictures into MediaMTX."""
        program = replace(self._manage("ingest", "ingest"), has_pulse=True)
        # A start anew interrupts every picture that is pulled. It waits for the database for seconds only.
        return Service(program, is_ready=lambda: True, steady_for=2.0, watch=Watch(looks=PATIENT_LOOKS))

    def _is_database_silent(self) -> bool:
        return not postgres.accepts_connections(self.addresses.database_url)

    def _is_redis_silent(self) -> bool:
        return not valkey.answers_ping(self.addresses.redis_url)

    @property
    def _authorise_at(self) -> str:
        """Where MediaMTX asks who may publish and watch; its secret travels in a header and stands in no log."""
        where = f"{_bracket(self.settings.loopback)}:{self.settings.ports.web}"
        return f"http://{MEDIA_SERVER_NAME}:{quote(self.media_secret, safe='')}@{where}/media/authorise"

    @property
    def _mediamtx_config(self) -> Path:
        return self.settings.data / "mediamtx" / "mediamtx.yml"

    def _render_config(self, *, off: Collection[UUID]) -> str:
        settings, ports = self.settings, self.settings.ports
        bind = _bracket(settings.bind)
        scheme = settings.environ.get("VMS_PUBLIC_SCHEME") or "http"
        hosts = dict.fromkeys([settings.public_host, "localhost", "127.0.0.1"])
        origins = [f"{scheme}://{settings.public_host}", *(f"http://{_bracket(host)}:{ports.web}" for host in hosts)]
        values = ConfigValues(
            record_root=PurePosixPath(settings.recordings),
            api_address=f"127.0.0.1:{ports.mediamtx_api}",
            rtsp_address=f"{bind}:{ports.rtsp}",
            hls_address=f"{bind}:{ports.hls}",
            webrtc_address=f"{bind}:{ports.webrtc}",
            webrtc_udp_address=f"{bind}:{ports.webrtc_udp}",
            webrtc_additional_hosts=(settings.public_host,),
            allow_origins=tuple(origins),
            record_delete_after=settings.record_delete_after,
            authorise_at=self._authorise_at,
            hook_command=(str(settings.python), "-I", "-S", str(settings.checkout / "mediamtx" / "hook.py")),
        )
        try:
            return render_config(values, off=off)
        except InvalidConfig as error:
            raise NotStartedError(f"MediaMTX cannot be configured: {error}.") from error

    def _mediamtx(self, name: str, binary: Path, config: Path, own: dict[str, str]) -> Program:
        kept = {key: self.settings.environ[key] for key in MEDIAMTX_VARIABLES if key in self.settings.environ}
        return Program(
            name=name,
            argv=(str(binary), str(config)),
            # The names of segment files are local times: only UTC never has an hour twice.
            env={**kept, "TZ": "UTC", **own},
            log=self._log(name),
            folder=config.parent,
        )

    def _worker(self, name: str, queue: str, concurrency: int) -> Service:
        """A Celery worker, ready when it answers a ping over the broker."""
        node = f"{name}-{self.run_id}@{socket.gethostname()}"
        options = ["--hostname", node, "--queues", queue, "--concurrency", str(concurrency)]
        return Service(
            program=self._celery(name, "worker", *options, "--without-gossip", "--without-mingle"),
            is_ready=lambda: worker_answers(self.addresses.redis_url, node),
            ready_within=60.0,
            watch=Watch(
                is_alive=lambda: worker_answers(self.addresses.redis_url, node, within=10.0),
                is_excused=self._is_redis_silent,
            ),
        )

    def _celery(self, name: str, command: str, *options: str) -> Program:
        return self._python(name, "-m", "celery", "-A", "vms", command, "--loglevel", self.settings.log_level, *options)

    def _manage(self, name: str, *arguments: str) -> Program:
        return self._python(name, str(self.settings.checkout / "manage.py"), *arguments)

    def _python(self, name: str, *arguments: str) -> Program:
        return Program(
            name=name,
            argv=(str(self.settings.python), *arguments),
            env=self._environment(),
            log=self._log(name),
            folder=self.settings.checkout,
        )

    def _environment(self) -> dict[str, str]:
        """What our own programs get: every address in words that hold for them, wherever they are started."""
        settings = self.settings
        given = keep_ordinary_environment(settings.environ)
        is_ours = settings.mediamtx_api_url is None
        rtsp = f"rtsp://{_bracket(settings.loopback)}:{settings.ports.rtsp}"
        return {
            "MEDIAMTX_API_URL": f"http://127.0.0.1:{settings.ports.mediamtx_api}",
            "MEDIAMTX_RTSP_URL": rtsp,
            **given,
            **{name: settings.environ[name] for name in OUR_SECRETS if name in settings.environ},
            **({"VMS_MEDIAMTX_CONFIG": str(self._mediamtx_config)} if is_ours else {}),
            "VMS_DATA": str(settings.data),
            "VMS_RECORDINGS": str(settings.recordings),
            "VMS_HOOK_SECRET": self.hook_secret,
            "VMS_MEDIA_SECRET": self.media_secret,
            "DATABASE_URL": self.addresses.database_url,
            "REDIS_URL": self.addresses.redis_url,
            "DJANGO_SETTINGS_MODULE": given.get("DJANGO_SETTINGS_MODULE", "vms.settings"),
            "PYTHONUNBUFFERED": "1",
        }

    def _log(self, name: str) -> Path:
        return self.settings.logs / f"{name}.log"


def plan_mediamtx_search(settings: LauncherSettings) -> Program:
    """Find, download or build MediaMTX; the last line of its output is the program's path."""
    return Program(
        name="get-mediamtx",
        argv=(str(settings.python), "-m", "mediamtx.binary"),
        env=keep_ordinary_environment(settings.environ),
        log=settings.logs / "get-mediamtx.log",
        folder=settings.checkout,
    )


def plan_player(settings: LauncherSettings) -> Program:
    """Get hls.js for our own pages; it ends well even where it got none."""
    return Program(
        name="get-player",
        argv=(str(settings.python), "-m", "mediamtx.player", "--into", str(settings.assets / "vendor" / "hls.min.js")),
        env=keep_ordinary_environment(settings.environ),
        log=settings.logs / "get-player.log",
        folder=settings.checkout,
    )


def plan_postgres(place: PostgresPlace, logs: Path) -> Service:
    """The embedded Postgres as a service."""
    return Service(
        program=postgres.describe_postgres(place, logs / "postgres.log"),
        is_ready=lambda: postgres.accepts_connections(place.admin_url),
        # After a power cut it first replays its log.
        ready_within=300.0,
        before_start=lambda: postgres.clear_left_over_postgres(place),
        # On a machine that is merely too busy, killing it would be the worst that can be done.
        watch=Watch(is_alive=lambda: postgres.accepts_connections(place.admin_url), restarts=False),
    )


def plan_redis(data: Path, socket_path: Path, logs: Path) -> Service:
    """The embedded Redis as a service."""
    url = valkey.redis_url(socket_path)
    return Service(
        program=valkey.describe_valkey(data, socket_path, logs / "redis.log"),
        is_ready=lambda: valkey.answers_ping(url),
        ready_within=120.0,
        watch=Watch(is_alive=lambda: valkey.answers_ping(url), looks=PATIENT_LOOKS),
    )


def accepts_tcp(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host
