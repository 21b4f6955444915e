"""The API of publishing, as managers meet it."""

from typing import Any

from cities.models import AuditEntry
from cities.scope import every_city
from streams.access.passwords import publish_password
from tests.world import ApiClient, World


def address_of(world: World, *parts: str) -> str:
    return "/".join([f"/api/v1/cameras/{world.camera.pk}/publishing", *parts])


def answer_of(world: World, number: int) -> dict[str, Any]:
    return {
        "publish_url": f"rtsp://vms.example:8554/stream_{world.camera.pk}",
        "publish_username": f"camera-{number}",
        "publish_password": publish_password(world.camera.pk, number),
    }


def test_a_manager_reads_and_renews_the_password(world: World) -> None:
    manager = ApiClient(world.owner, world.city)
    assert manager.get(address_of(world)).json() == answer_of(world, 1)
    assert manager.post(address_of(world, "rotate")).json() == answer_of(world, 2)
    assert manager.get(address_of(world)).json() == answer_of(world, 2)
    with every_city("a test looks at another city's row"):
        world.foreign_camera.refresh_from_db()
    assert world.foreign_camera.publish_number == 1


def test_who_reads_and_who_renews_it_is_in_the_audit_log_without_the_secret(world: World) -> None:
    manager = ApiClient(world.owner, world.city)
    manager.get(address_of(world))
    manager.post(address_of(world, "rotate"))
    with every_city("a test reads the log"):
        found = list(AuditEntry.objects.order_by("number").values_list("action", "actor", "subject", "facts"))
    assert found == [
        ("publishing_read", "owner", "Market square", {}),
        ("publishing_renewed", "owner", "Market square", {}),
    ]


def test_nobody_else_reads_it(world: World) -> None:
    for person in (world.viewer, world.operator):
        client = ApiClient(person, world.city)
        assert [client.get(address_of(world)).status_code, client.post(address_of(world, "rotate")).status_code] == [
            403,
            403,
        ]
    stranger = ApiClient(world.stranger, world.other_city)
    assert stranger.get(address_of(world)).status_code == 404


def test_a_camera_shows_no_password(world: World) -> None:
    shown = ApiClient(world.owner, world.city).get(f"/api/v1/cameras/{world.camera.pk}").content.decode()
    assert publish_password(world.camera.pk, 1) not in shown
    assert "camera-1" not in shown
