"""What is done with several cameras at once: they are held, and one of them is heard."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from cameras.models import Camera
from cities.scope import every_city
from recording.models import Hold
from tests.browser.conftest import shoot
from tests.browser.test_replay import DESK, Filmed, film, spell, tile
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
PLAYERS = "document.querySelector('[data-replay]').player.tiles.map(tile => tile.player)"
MUTED = f"() => {PLAYERS}.map(player => [player.muted, player.video.muted])"


@pytest.fixture
def pair(world: World, tmp_path: Path) -> list[Filmed]:
    """Two cameras with the same stretches of footage."""
    with every_city("a test's world spans the cities"):
        other = Camera.objects.create(city=world.city, media_server=world.server, name="North gate")
    return [film(world, camera, tmp_path) for camera in (world.camera, other)]


def watch(open_as: OpenAs, pair: list[Filmed]) -> Page:
    """Open both as an operator, standing still at a moment that both have."""
    cameras = "&".join(f"camera={each.camera.pk}" for each in pair)
    moment = spell(pair[0].first + timedelta(seconds=20))
    page = open_as(pair[0].world.operator, f"/replay?{cameras}&at={moment}", **DESK)
    for each in pair:
        expect(page.locator(tile(each))).to_be_visible()
    page.keyboard.press("k")
    return page


def ask_to_hold(page: Page) -> None:
    for key in "iloh":
        page.keyboard.press(key)
    page.get_by_label("Reason").fill("Accident at the crossing")
    page.get_by_label("Case number (may be empty)").fill("BO 77/2026")


def read_holds() -> list[tuple[Any, ...]]:
    with every_city("a test looks at what was written"):
        rows = Hold.objects.order_by("camera__name")
        return list(rows.values_list("camera__name", "reason", "case_number"))


def test_one_range_is_held_of_all_cameras(pair: list[Filmed], open_as: OpenAs) -> None:
    page = watch(open_as, pair)
    ask_to_hold(page)
    shoot(page, "together-hold")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.locator("[data-range]")).to_contain_text("Held:")
    words = ("Accident at the crossing", "BO 77/2026")
    assert read_holds() == [("Market square", *words), ("North gate", *words)]
    with every_city("a test looks at what was written"):
        assert {(each.ends_at - each.starts_at).total_seconds() for each in Hold.objects.all()} == {10.0}


def test_only_what_is_ticked_is_held_and_what_was_refused_is_asked_for_again(
    pair: list[Filmed], open_as: OpenAs
) -> None:
    page = watch(open_as, pair)
    asked: list[str] = []

    def refuse_first(route: Route) -> None:
        camera = json.loads(str(route.request.post_data))["camera_id"]
        asked.append(camera)
        if camera == str(pair[1].camera.pk) and asked.count(camera) == 1:
            route.fulfill(status=400, content_type="application/problem+json", body='{"detail": "The disk is away."}')
        else:
            route.continue_()

    page.route("**/api/v1/holds", refuse_first)
    ask_to_hold(page)
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    hold = page.get_by_role("button", name="Hold", exact=True)
    hold.click()
    expect(page.locator("[data-hold-error]")).to_have_text("Tick at least one camera.")
    for box in page.get_by_role("checkbox").all():
        box.check()
    hold.click()
    expect(page.locator("[data-hold-error]")).to_have_text("North gate: Not held: The disk is away.")
    expect(page.get_by_role("checkbox", name="Market square")).to_be_disabled()
    page.keyboard.press("Escape")
    page.keyboard.press("h")  # the same range once more
    expect(page.get_by_role("checkbox", name="Market square")).to_be_disabled()
    hold.click()
    expect(page.locator("[data-range]")).to_contain_text("Held:")
    first, second = (str(each.camera.pk) for each in pair)
    assert asked == [first, second, second]
    assert [row[0] for row in read_holds()] == ["Market square", "North gate"]


def test_one_camera_at_a_time_is_heard(pair: list[Filmed], open_as: OpenAs) -> None:
    page = watch(open_as, pair)
    assert page.evaluate(MUTED) == [[True, True], [True, True]]
    page.get_by_role("button", name="Sound of North gate").click()
    assert page.evaluate(MUTED) == [[True, True], [False, False]]
    expect(page.get_by_role("button", name="Sound of North gate")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Sound of Market square").click()
    assert page.evaluate(MUTED) == [[False, False], [True, True]]
    page.keyboard.press("m")
    assert page.evaluate(MUTED) == [[True, True], [True, True]]


def test_who_may_not_hold_is_told_so_of_several_cameras_too(pair: list[Filmed], open_as: OpenAs) -> None:
    page = open_as(pair[0].world.viewer, f"/replay?camera={pair[0].camera.pk}&camera={pair[1].camera.pk}", **DESK)
    expect(page.get_by_text("Your role may not hold footage")).to_be_visible()
    expect(page.get_by_role("button", name="Hold this range")).to_be_disabled()
