"""The administration in a real browser: the list of cameras and its switch."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cameras.models import Camera
from cities.scope import every_city
from tests.browser.conftest import make_staff, shoot
from tests.browser.test_wall import DESK, fill_city
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]


def test_the_switch_in_a_row_switches_and_comes_back_to_the_same_list(
    world: World, open_as: Callable[..., Page]
) -> None:
    fill_city(world)
    page = open_as(make_staff(world.owner), "/admin/cameras/camera/?q=market", **DESK)
    page.get_by_role("switch", name="Recording of Market square").click()
    expect(page.get_by_text("Recording of Market square is on.")).to_be_visible()
    expect(page.get_by_role("switch", name="Recording of Market square")).to_have_attribute("aria-checked", "true")
    assert page.url.endswith("/admin/cameras/camera/?q=market")
    with every_city("a test looks at what was written"):
        assert Camera.objects.get(pk=world.camera.pk).recording_enabled is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_of_cameras_can_be_looked_at(world: World, open_as: Callable[..., Page], scheme: str) -> None:
    fill_city(world)
    page = open_as(make_staff(world.owner), "/admin/cameras/camera/", color_scheme=scheme, **DESK)
    expect(page.get_by_text("Ponte Estaiada")).to_be_visible()
    expect(page.get_by_text("Secret harbour")).to_have_count(0)
    shoot(page, f"admin-cameras-{scheme}")


def test_the_administration_speaks_portuguese(world: World, open_as: Callable[..., Page]) -> None:
    fill_city(world)
    page = open_as(make_staff(world.owner), "/admin/cameras/camera/", locale="pt-BR", **DESK)
    expect(page.get_by_role("switch", name="Gravação de Market square")).to_be_visible()
    shoot(page, "admin-cameras-pt-br")
    page.goto(f"/admin/cameras/camera/{world.camera.pk}/change/")
    expect(page.get_by_label("Endereço da fonte")).to_have_value("rtsp://10.0.0.5/live")
    shoot(page, "admin-camera-pt-br")


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/", "/admin/cameras/camera/add/", "/admin/cities/user/", "/admin/recording/hold/add/"),
        *("/admin/django_celery_beat/periodictask/add/", "/docs", "/api/v1/cameras", "/account/second-step"),
    ],
)
def test_pages_keep_to_what_they_say_browsers_may_run(world: World, open_as: Callable[..., Page], path: str) -> None:
    """`open_as` fails where the browser tells of a violation, or a script breaks off."""
    page = open_as(make_staff(world.owner, superuser=True), "/")
    page.goto(path)
    expect(page.locator("body")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.body.innerText.length") > 50
