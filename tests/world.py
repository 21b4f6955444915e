"""The people and cameras that every test finds: a city, a colleague in it, and a stranger whose data could leak."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from cameras.models import Camera, MediaServer
from cameras.services import keep_source
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from ffmpeg.sources import parse_source_url

NOW = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """Two cities on one media server; `stranger` belongs to `other_city` only."""

    server: MediaServer
    city: City
    other_city: City
    owner: User
    operator: User
    viewer: User
    stranger: User
    camera: Camera
    foreign_camera: Camera


class ApiClient(Client):
    """A client that sends the headers of a gateway with every request, and JSON bodies."""

    def __init__(self, user: User, city: City) -> None:
        super().__init__(headers={"X-City-ID": str(city.pk), "X-User-ID": str(user.pk), "Accept": "application/json"})

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a JSON body with any method."""
        return self.generic(method.upper(), path, json.dumps(body) if body is not None else "", "application/json")


def give_source(camera: Camera, url: str) -> None:
    """Store a source address as the services do, without asking where it leads; wants the camera's city in scope."""
    keep_source(camera, parse_source_url(url))
    camera.save()


def make_world() -> World:
    """Build it; wants a database."""
    server = MediaServer.objects.create(
        name="main",
        api_url="http://127.0.0.1:9997",
        rtsp_url="rtsp://127.0.0.1:8554",
        public_rtsp_url="rtsp://vms.example:8554",
        public_hls_url="http://vms.example:8888",
        public_webrtc_url="http://vms.example:8889",
        recordings_root="/recordings",
        reach=MediaServer.Reach.REACHABLE,
    )
    city, other_city = City.objects.create(name="Aurora"), City.objects.create(name="Boreal")
    people = {
        name: User.objects.create_user(name, password="a long password")
        for name in ("owner", "operator", "viewer", "stranger")
    }
    with every_city("a test's world spans the cities"):
        for name, role in (("owner", Role.MANAGER), ("operator", Role.OPERATOR), ("viewer", Role.VIEWER)):
            Membership.objects.create(user=people[name], city=city, role=role)
        Membership.objects.create(user=people["stranger"], city=other_city, role=Role.MANAGER)
        camera = Camera.objects.create(
            city=city, media_server=server, name="Market square", source_url="rtsp://10.0.0.5/live"
        )
        foreign = Camera(city=other_city, media_server=server, name="Secret harbour")
        give_source(foreign, "rtsp://:hunter2-leak@10.9.9.9/secret")
    return World(server=server, city=city, other_city=other_city, camera=camera, foreign_camera=foreign, **people)
