"""Small pictures beside the pointer: of the camera whose name stands beneath them."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from cameras.models import Camera
from cities.scope import every_city
from tests.browser.test_replay import Filmed, film, open_together, spell
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
PAGE = "document.querySelector('[data-replay]').player"
PICTURE = "[data-peek-picture]"
PEEK = f"""([row, at]) => {PAGE}.peek({{ row, moment: at, x: 300 }})"""
HOLD_BACK = """id => {
    const ask = window.fetch;
    window.fetch = async (url, options) => {
        const answer = await ask(url, options);
        if (String(url).includes(id) && String(url).includes('/previews')) {
            window.isHeldBack = true;
            await new Promise(go => { window.letGo = go; });
        }
        return answer;
    };
}"""


@pytest.fixture
def two(world: World, tmp_path: Path) -> list[Filmed]:
    """Two cameras with the same stretches of footage."""
    with every_city("a test's world spans the cities"):
        other = Camera.objects.create(city=world.city, media_server=world.server, name="North gate")
    return [film(world, camera, tmp_path) for camera in (world.camera, other)]


def answer_with(sheet: dict[str, object]) -> Callable[[Route], None]:
    """Give who answers with this sheet alone."""
    return lambda route: route.fulfill(json={"tiles": [sheet], "pending": False})


def test_a_late_answer_for_one_row_is_not_shown_under_another_s_name(two: list[Filmed], open_as: OpenAs) -> None:
    moment = two[0].first + timedelta(seconds=60)
    page = open_together(open_as, two, moment)
    page.wait_for_function(f"() => {PAGE}.spans.length > 0")
    begin, end = moment - timedelta(minutes=10), moment + timedelta(minutes=10)
    for each in two:
        sheet = {
            "url": f"/static/pages/logo.svg?{each.camera.pk}", "start": spell(begin), "end": spell(end),
            "seconds": 10, "columns": 12, "rows": 10, "width": 160, "height": 90,
        }  # fmt: skip
        page.route(f"**/{each.camera.pk}/previews?*", answer_with(sheet))
    page.evaluate(HOLD_BACK, str(two[0].camera.pk))
    at = moment.timestamp() * 1000
    page.evaluate(PEEK, [0, at])
    page.wait_for_function("() => window.isHeldBack")
    page.evaluate(PEEK, [1, at])
    expect(page.locator("[data-peek-words]")).to_contain_text("North gate")
    page.wait_for_function(f"() => {PAGE}.previews.sheets.length > 0")
    page.evaluate("async () => { window.letGo(); await new Promise(requestAnimationFrame); }")
    page.evaluate(PEEK, [1, at + 1000])
    expect(page.locator(PICTURE)).to_have_attribute("style", re.compile(str(two[1].camera.pk)))
    page.evaluate(PEEK, [0, at])
    expect(page.locator(PICTURE)).to_be_hidden()
