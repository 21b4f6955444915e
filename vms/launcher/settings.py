"""What the launcher reads from the environment, once, as one frozen value."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vms.environment import Environment
from vms.launcher.errors import NotStartedError

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ports:
    """The ports that will be listened on; one is None where its server is not ours."""

    web: int
    street: int | None
    mediamtx_api: int | None
    rtsp: int | None
    hls: int | None
    webrtc: int | None
    webrtc_udp: int | None


@dataclass(frozen=True)
class LauncherSettings:
    """Where everything is and what is to be started; an address is None where we start the server ourselves.

    Paths are absolute. ``environ`` is what child processes start from. ``python`` is the interpreter they run in.
    """

    checkout: Path
    python: Path
    data: Path
    recordings: Path
    database_url: str | None
    redis_url: str | None
    mediamtx_api_url: str | None
    bind: str
    public_host: str
    ports: Ports
    demo_cameras: int
    record_delete_after: str
    log_level: str
    environ: Mapping[str, str]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "LauncherSettings":
        """Read the settings; raises NotStartedError naming every variable that cannot be read, and its remedy."""
        variables = Environment(environ)
        data = Path(variables.text("VMS_DATA", str(CHECKOUT / "data"))).resolve()
        api_url = environ.get("MEDIAMTX_API_URL") or None
        demo_cameras = variables.number("VMS_DEMO_CAMERAS", 4, low=0, high=4)
        settings = cls(
            checkout=CHECKOUT,
            python=Path(sys.executable),
            data=data,
            recordings=Path(variables.text("VMS_RECORDINGS", str(data / "recordings"))).resolve(),
            database_url=environ.get("DATABASE_URL") or None,
            redis_url=environ.get("REDIS_URL") or None,
            mediamtx_api_url=api_url,
            bind=variables.text("VMS_BIND", "127.0.0.1"),
            public_host=variables.text("VMS_PUBLIC_HOST", "127.0.0.1"),
            ports=_read_ports(variables, is_ours=api_url is None, has_demo=demo_cameras > 0),
            demo_cameras=demo_cameras,
            record_delete_after=variables.delete_after("VMS_RECORD_DELETE_AFTER", "7d"),
            log_level=variables.choice("VMS_LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}),
            environ=dict(environ),
        )
        if variables.mistakes:
            raise NotStartedError("\n".join(f"{name} {mistake}." for name, mistake in variables.mistakes))
        return settings

    @property
    def logs(self) -> Path:
        """The folder of the services' logs."""
        return self.data / "logs"

    @property
    def assets(self) -> Path:
        """The folder of static files that are got rather than kept in the repository; vms/settings.py knows it too."""
        return self.data / "assets"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds us."""
        return f"http://{self.public_host}:{self.ports.web}"

    @property
    def loopback(self) -> str:
        """An address of this machine on which whatever listens on ``bind`` answers."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- read here, not bound
        return everywhere.get(self.bind, self.bind)


def _read_ports(variables: Environment, *, is_ours: bool, has_demo: bool) -> Ports:
    ours = {
        "mediamtx_api": variables.port("VMS_MEDIAMTX_API_PORT", 9997),
        "rtsp": variables.port("VMS_RTSP_PORT", 8554),
        "hls": variables.port("VMS_HLS_PORT", 8888),
        "webrtc": variables.port("VMS_WEBRTC_PORT", 8889),
        "webrtc_udp": variables.port("VMS_WEBRTC_UDP_PORT", 8189),
    }
    street = variables.port("VMS_STREET_PORT", 8654)
    return Ports(
        web=variables.port("VMS_PORT", 8001),
        street=street if has_demo else None,
        **{name: port if is_ours else None for name, port in ours.items()},
    )


def read_settings() -> LauncherSettings:
    """The settings of this process's own environment."""
    return LauncherSettings.from_environ(os.environ)
