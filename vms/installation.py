"""Sets an installation up: the media server's row and, at the first start of `manage.py up`, the demo city."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from cameras.models import Camera, MediaServer
from cameras.services import add_camera
from cities.models import City, Membership, Role, User
from cities.scope import city_scope
from ffmpeg.demo import DemoCamera
from recording.services import switch_recording

MAIN_SERVER = "main"
DEMO_CITY = "Cidade Demonstração"
DEMO_USER = "admin"
DEMO_NETWORKS = ["127.0.0.0/8", "0.0.0.0/0", "::/0"]
"""The demo's cameras are on this machine; whoever tries the VMS with a camera of their own has it anywhere."""


@dataclass(frozen=True)
class DemoAccount:
    """What a newcomer needs to sign in; the password is in clear, for `demo.json` only."""

    city: City
    user: User
    password: str
    cameras: list[Camera]


def register_media_server() -> MediaServer:
    """Bring the row of the installation's own MediaMTX in line with the settings; what its observer saw stays."""
    public = settings.VMS_PUBLIC_HOST
    addresses = {
        "api_url": settings.MEDIAMTX_API_URL,
        "rtsp_url": settings.MEDIAMTX_RTSP_URL,
        "public_rtsp_url": f"rtsp://{public}:{settings.VMS_RTSP_PORT}",
        "public_hls_url": f"{settings.VMS_PUBLIC_SCHEME}://{public}:{settings.VMS_HLS_PORT}",
        "public_webrtc_url": f"{settings.VMS_PUBLIC_SCHEME}://{public}:{settings.VMS_WEBRTC_PORT}",
        "recordings_root": str(settings.VMS_RECORDINGS),
    }
    server, _ = MediaServer.objects.update_or_create(name=MAIN_SERVER, defaults=addresses)
    return server


@transaction.atomic
def make_demo(on_the_street: list[DemoCamera], *, now: datetime) -> DemoAccount:
    """Make the demo city with an administrator and one recording camera for each on the street."""
    city = City.objects.create(name=DEMO_CITY, camera_networks=DEMO_NETWORKS)
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser(DEMO_USER, password=password)
    with city_scope(city.pk):
        Membership.objects.create(user=user, city=city, role=Role.MANAGER)
        cameras = [_make_demo_camera(city, each, user, now) for each in on_the_street]
    return DemoAccount(city, user, password, cameras)


def demo_is_due() -> bool:
    """Say whether this is an installation that nobody has used yet."""
    return not City.objects.exists() and not User.objects.exists()


def write_demo_file(account: DemoAccount, path: Path) -> None:
    """Write what the newcomer needs, readable by the owner only, whole or not at all."""
    aside = path.with_suffix(".new")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(describe_demo(account), ensure_ascii=False, indent=2) + "\n")
    aside.replace(path)


def describe_demo(account: DemoAccount) -> dict[str, Any]:
    """Give the contents of `demo.json`."""
    return {
        "url": f"http://{settings.VMS_PUBLIC_HOST}:{settings.VMS_PORT}",
        "city_id": str(account.city.pk),
        "user_id": account.user.pk,
        "username": account.user.username,
        "password": account.password,
        "cameras": [{"id": str(camera.pk), "name": camera.name} for camera in account.cameras],
    }


def _make_demo_camera(city: City, on_the_street: DemoCamera, user: User, now: datetime) -> Camera:
    source = f"rtsp://127.0.0.1:{settings.VMS_STREET_PORT}/{on_the_street.path}"
    camera = add_camera(city, name=on_the_street.name, location=on_the_street.location, source_url=source, now=now)
    switch_recording(camera, on=True, by=user, now=now)
    return camera
