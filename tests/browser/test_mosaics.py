"""The wall in tiles as people work with it: layouts, keys, dragging, pages that turn, mosaics kept for the city."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from cameras.models import Camera
from cities.models import City, Membership
from cities.scope import city_scope, every_city
from mosaics.arrangements import Arrangement, Change, Tile
from mosaics.models import Mosaic, MosaicTile
from mosaics.services import change_mosaic, create_mosaic
from tests.browser.conftest import shoot
from tests.world import NOW, World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}}
NAMES = ["Alley", "Bridge", "Church", "Docks", "Estate"]


def add_street(world: World, names: list[str]) -> dict[str, Camera]:
    with city_scope(world.city.pk):
        Camera.objects.filter(pk=world.camera.pk).update(removed_at=timezone.now())
        return {
            name: Camera.objects.create(city=world.city, media_server=world.server, name=name, location="Centre")
            for name in names
        }


def keep(world: World, cameras: list[Camera], **more: Any) -> Mosaic:
    wanted: dict[str, Any] = {"name": "Night shift", "rows": 2, "columns": 2, "rotation_seconds": 0, **more}
    tiles = [Tile(place, camera.pk) for place, camera in enumerate(cameras)]
    with city_scope(world.city.pk):
        return create_mosaic(City.objects.get(pk=world.city.pk), Arrangement(tiles=tiles, **wanted), by=None, now=NOW)


def tile(page: Page, number: int) -> Locator:
    return page.locator(".slot").nth(number - 1)


def shown(page: Page) -> list[str]:
    """Give the names in the tiles, "" for an empty one."""
    names = "slots => slots.map(slot => slot.querySelector('h2')?.textContent.trim() ?? '')"
    found: list[str] = page.locator(".slot").evaluate_all(names)
    return found


def expect_shown(page: Page, names: list[str]) -> None:
    expect(page.locator(".slot")).to_have_count(len(names))
    for number, name in enumerate(names, 1):
        expect(tile(page, number)).to_contain_text(name or "Empty")


def test_digits_choose_the_layout_and_zero_the_list(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.viewer, **DESK)
    expect(page.locator(".slot")).to_have_count(0)
    page.keyboard.press("2")
    expect_shown(page, NAMES[:4])
    page.keyboard.press("3")
    expect_shown(page, [*NAMES, "", "", "", ""])
    assert page.url.endswith("?layout=3x3")
    page.keyboard.press("5")
    expect(page.locator(".slot")).to_have_count(25)
    page.keyboard.press("0")
    expect(page.locator(".slot")).to_have_count(0)
    expect(page.locator("[data-camera]")).to_have_count(5)


def test_a_layout_of_one_s_own_is_chosen_by_rows_and_columns(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.viewer, **DESK)
    page.get_by_text("Custom").click()
    page.get_by_label("Rows").select_option("2")
    page.get_by_label("Columns").select_option("3")
    page.get_by_role("button", name="Show", exact=True).click()
    expect_shown(page, [*NAMES, ""])


def test_a_search_stays_when_the_layout_changes(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.viewer, "/?q=br", **DESK)
    page.get_by_role("link", name="4", exact=True).click()
    expect_shown(page, ["Bridge", "", "", ""])
    page.get_by_role("link", name="Show all").click()
    expect_shown(page, NAMES[:4])


def test_by_arrows_one_walks_and_by_enter_opens_the_camera(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    page = open_as(world.viewer, "/?layout=2x2", **DESK)
    expect_shown(page, NAMES[:4])
    for key, number in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 2), ("ArrowDown", 4), ("ArrowLeft", 3)]:
        page.keyboard.press(key)
        expect(tile(page, number)).to_be_focused()
    expect(tile(page, 3)).to_have_attribute("aria-label", "Tile 3: Church")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cameras/{cameras['Church'].pk}")


def test_by_key_a_camera_is_moved_taken_off_and_put_into_a_tile(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.operator, "/?layout=2x2", **DESK)
    tile(page, 1).focus()
    page.keyboard.press("Shift+ArrowRight")
    expect_shown(page, ["Bridge", "Alley", "Church", "Docks"])
    expect(tile(page, 2)).to_be_focused()
    page.keyboard.press("Delete")
    expect_shown(page, ["Bridge", "", "Church", "Docks"])
    expect(page.locator("[data-announce]")).to_have_text("Alley is off the wall.")
    page.keyboard.press("Enter")
    expect(page.locator("[data-side-search]")).to_be_focused()
    expect(page.locator("[data-side-target]")).to_have_text("Goes into tile 2.")
    page.keyboard.type("esta")
    expect(page.locator("[data-side-list] button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect_shown(page, ["Bridge", "Estate", "Church", "Docks"])
    page.keyboard.press("Escape")
    expect(page.locator("[data-side]")).to_be_hidden()


def test_cameras_are_dragged_in_and_from_tile_to_tile(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.viewer, "/?layout=1x2&rows=1&columns=2&q=alley", **DESK)
    page.get_by_role("button", name="Add cameras").click()
    item = page.locator("[data-side-list] button", has_text="Docks")
    item.drag_to(tile(page, 2))
    expect_shown(page, ["Alley", "Docks"])
    tile(page, 1).drag_to(tile(page, 2))
    expect_shown(page, ["Docks", "Alley"])
    page.locator("[data-side-list] button", has_text="Church").drag_to(tile(page, 2))
    expect_shown(page, ["Docks", "Church"])


def test_a_tile_is_emptied_by_hand(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.viewer, "/?layout=2x2", **DESK)
    tile(page, 2).hover()
    page.get_by_role("button", name="Take Bridge off the wall").click()
    expect_shown(page, ["Alley", "", "Church", "Docks"])
    expect(tile(page, 2)).to_be_focused()


def test_pages_are_turned_by_hand_and_by_themselves(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    mosaic = keep(world, list(cameras.values()), rotation_seconds=5)
    page = open_as(world.viewer, f"/?mosaic={mosaic.pk}", **DESK)
    text = page.locator("[data-page-text]")
    expect(text).to_have_text("1 / 2")
    page.keyboard.press("PageDown")
    expect_shown(page, ["Estate", "", "", ""])
    expect(page.locator("[data-rotation]")).to_have_value("5")
    expect(text).to_have_text("1 / 2", timeout=7000)
    expect_shown(page, NAMES[:4])


def test_a_mosaic_is_saved_opened_renamed_and_removed(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.operator, "/?layout=2x2", **DESK)
    tile(page, 4).focus()
    page.keyboard.press("Delete")
    page.keyboard.press("s")
    page.get_by_label("Name", exact=True).fill("Night shift")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?mosaic=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Night shift")
    expect_shown(page, ["Alley", "Bridge", "Church", ""])
    page.keyboard.press("3")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_label("Name", exact=True).fill("Early shift")
    page.locator("[data-save-form]").get_by_role("button", name="Save changes").click()
    expect(page.locator("[data-announce]")).to_have_text("Saved.")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Early shift")
    expect(page.locator(".slot")).to_have_count(9)
    page.keyboard.press("s")
    page.get_by_role("button", name="Remove …").click()
    page.get_by_role("button", name="Remove the mosaic").click()
    page.wait_for_url("**/")
    with every_city("a test looks at what was written"):
        assert (Mosaic.objects.count(), MosaicTile.objects.count()) == (0, 0)


def test_a_colleague_s_change_is_not_overwritten(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    mosaic = keep(world, [cameras["Alley"]])
    page = open_as(world.operator, f"/?mosaic={mosaic.pk}", **DESK)
    expect_shown(page, ["Alley", "", "", ""])
    theirs = Change(rows=1, columns=1, tiles=[Tile(0, cameras["Docks"].pk)])
    with city_scope(world.city.pk):
        change_mosaic(mosaic.pk, theirs, revision=1, by=None, now=NOW)
    page.keyboard.press("3")
    page.keyboard.press("s")
    page.locator("[data-save-form]").get_by_role("button", name="Save changes").click()
    expect(page.locator("[data-save-error]")).to_contain_text("Somebody changed this mosaic meanwhile")
    with city_scope(world.city.pk):
        assert list(MosaicTile.objects.values_list("camera__name", flat=True)) == ["Docks"]
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_role("button", name="Save as a new one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")


def test_a_name_that_is_taken_is_told(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    keep(world, [cameras["Alley"]])
    page = open_as(world.operator, "/?layout=1x1", **DESK)
    page.keyboard.press("s")
    page.get_by_label("Name", exact=True).fill("NIGHT SHIFT")
    page.keyboard.press("Enter")
    expect(page.locator("[data-save-error]")).to_contain_text("already has a mosaic of this name")


def test_a_viewer_opens_mosaics_and_saves_none(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    keep(world, [cameras["Alley"]])
    page = open_as(world.viewer, **DESK)
    page.get_by_text("Mosaics").click()
    page.get_by_role("link", name="Night shift").click()
    expect_shown(page, ["Alley", "", "", ""])
    page.keyboard.press("s")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("[data-save]")).to_have_count(0)


def test_who_sees_some_of_its_cameras_opens_these_and_saves_them_as_another(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    mosaic = keep(world, list(cameras.values())[:4])
    with city_scope(world.city.pk):
        Membership.objects.filter(user=world.operator).update(narrowed_to=[cameras["Bridge"].pk])
    page = open_as(world.operator, f"/?mosaic={mosaic.pk}", **DESK)
    expect_shown(page, ["", "Bridge", "", ""])
    expect(page.get_by_text("Some cameras of this mosaic are not among those that you see")).to_be_visible()
    shoot(page, "mosaic-narrowed")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Remove …")).to_have_count(0)
    page.get_by_label("Name", exact=True).fill("Mine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")
    expect_shown(page, ["", "Bridge", "", ""])
    expect(page.get_by_text("are not among those that you see")).to_have_count(0)
    tile(page, 2).focus()
    page.keyboard.press("Delete")
    page.keyboard.press("s")
    page.locator("[data-save-form]").get_by_role("button", name="Save changes").click()
    expect(page.locator("[data-save-error]")).to_have_text("Put at least one camera on it.")
    with every_city("a test looks at what was written"):
        assert MosaicTile.objects.filter(mosaic=mosaic).count() == 4


def test_help_stands_under_the_question_mark_and_full_screen_under_f(world: World, open_as: OpenAs) -> None:
    add_street(world, NAMES)
    page = open_as(world.operator, "/?layout=2x2", **DESK)
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="The wall by keyboard")).to_be_visible()
    shoot(page, "wall-help")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.matches('[data-stage]')")
    page.keyboard.press("f")
    page.wait_for_function("!document.fullscreenElement")


def test_without_javascript_a_mosaic_is_a_list_of_its_cameras(world: World, open_as: OpenAs) -> None:
    cameras = add_street(world, NAMES)
    mosaic = keep(world, [cameras["Docks"], cameras["Alley"]])
    page = open_as(world.viewer, f"/?mosaic={mosaic.pk}", java_script_enabled=False, **DESK)
    assert page.locator(".card h2").all_inner_texts() == ["Docks", "Alley"]


def test_a_mosaic_that_is_gone_is_told(world: World, open_as: OpenAs) -> None:
    page = open_as(world.viewer, "/?mosaic=5b5a1c1e-0000-4000-8000-00000000dead", **DESK)
    expect(page.get_by_text("This mosaic is not there any more.")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mosaic-light", DESK),
        ("mosaic-dark", {**DESK, "color_scheme": "dark"}),
        ("mosaic-390", PHONE),
        ("mosaic-390-dark", {**PHONE, "color_scheme": "dark"}),
    ],
)
def test_a_mosaic_fits_every_screen(world: World, open_as: OpenAs, name: str, options: dict[str, Any]) -> None:
    cameras = add_street(world, NAMES)
    mosaic = keep(world, list(cameras.values()), rows=2, columns=3)
    page = open_as(world.operator, f"/?mosaic={mosaic.pk}", **options)
    expect_shown(page, [*NAMES, ""])
    page.get_by_role("button", name="Add cameras").click()
    expect(page.locator("[data-side-list] button")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")
    shoot(page, name)
    page.get_by_role("button", name="Português (Brasil)").click()
    expect(page.get_by_role("button", name="Adicionar câmeras")).to_be_visible()
    shoot(page, f"{name}-pt-br")
