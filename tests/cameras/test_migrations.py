"""What was stored in clear before is sealed by the migrations, and nothing of it stays in clear."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cameras.models import Camera
from cameras.services import source_of
from cities.models import City
from cities.scope import every_city
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = [("cameras", "0005_source_credentials")], [("cameras", "0008_publish_number")]


def migrate(target: list[tuple[str, str]]) -> Any:
    MigrationExecutor(connection).migrate(target)
    return MigrationExecutor(connection).loader.project_state(target).apps


@pytest.fixture
def old() -> Any:
    """The models as they were; whatever happens, the database is brought back to today's."""
    yield migrate(BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def make_camera(old: Any, city: Any, name: str, url: str, *credentials: str) -> Any:
    username, password = credentials or ("", "")
    server, _ = old.get_model("cameras", "MediaServer").objects.get_or_create(name="main")
    return old.get_model("cameras", "Camera").objects.create(
        city=city, media_server=server, name=name, created_at=NOW,
        source_url=url, source_username=username, source_password=password,
    )  # fmt: skip


def test_credentials_in_clear_are_sealed_and_come_back(old: Any) -> None:
    city = old.get_model("cities", "City").objects.create(name="Aurora")
    keys = {
        name: make_camera(old, city, name, *source).pk
        for name, source in {
            "both": ("rtsp://10.0.0.7/live?token=abc", "op", "p@ss"),
            "query": ("http://10.0.0.8/mjpg?pwd=hunter2&channel=1",),
            "plain": ("rtsp://10.0.0.9/live",),
            "itself": ("",),
        }.items()
    }
    migrate(AFTER)
    with every_city("a test looks at all rows"):
        cameras = {name: Camera.objects.get(pk=key) for name, key in keys.items()}
    assert {name: camera.source_url for name, camera in cameras.items()} == {
        "both": "rtsp://10.0.0.7/live?token=***",
        "query": "http://10.0.0.8/mjpg?pwd=***&channel=1",
        "plain": "rtsp://10.0.0.9/live",
        "itself": "",
    }
    assert source_of(cameras["both"]).full == "rtsp://op:p%40ss@10.0.0.7/live?token=abc"
    assert source_of(cameras["query"]).full == "http://10.0.0.8/mjpg?pwd=hunter2&channel=1"
    assert [camera.has_credentials for camera in cameras.values()] == [True, True, False, False]
    back = migrate(BEFORE).get_model("cameras", "Camera").objects.get(pk=keys["both"])
    assert (back.source_url, back.source_username, back.source_password) == (
        "rtsp://10.0.0.7/live?token=abc",
        "op",
        "p@ss",
    )


def test_cameras_on_this_machine_stay_allowed_in_their_city(old: Any) -> None:
    names = {"rtsp://127.0.0.1:8654/cam-1": "here", "rtsp://10.0.0.5/live": "elsewhere"}
    for url, name in names.items():
        make_camera(old, old.get_model("cities", "City").objects.create(name=name), name, url)
    migrate(AFTER)
    networks = dict(City.objects.values_list("name", "camera_networks"))
    assert networks == {"here": ["127.0.0.0/8", "::1/128", "0.0.0.0/0", "::/0"], "elsewhere": []}
