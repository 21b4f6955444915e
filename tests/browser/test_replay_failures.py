"""Footage that does not come as it should: what is told, how often it is asked for, and that it comes back."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cameras.models import Camera
from cities.scope import every_city
from tests.browser.coded import code_of, read_code
from tests.browser.conftest import session_of
from tests.browser.test_replay import DESK, MASTER, MOMENT, Filmed, film, open_at, open_together, tile
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
PAGE = "document.querySelector('[data-replay]').player"
NOT_COMING = "The footage does not come; trying again."


@pytest.fixture
def two(world: World, tmp_path: Path) -> list[Filmed]:
    """Two cameras with the same stretches of footage."""
    with every_city("a test's world spans the cities"):
        other = Camera.objects.create(city=world.city, media_server=world.server, name="North gate")
    return [film(world, camera, tmp_path) for camera in (world.camera, other)]


@pytest.fixture
def alone(world: World, tmp_path: Path) -> Filmed:
    """One camera, with two stretches of footage."""
    return film(world, world.camera, tmp_path)


def watch_both(open_as: OpenAs, two: list[Filmed], moment: datetime) -> Page:
    """Open both on one clock, and wait for their pictures."""
    page = open_together(open_as, two, moment)
    for each in two:
        expect(page.locator(tile(each))).to_be_visible()
    return page


def headline(filmed: Filmed) -> str:
    return f"[data-tile='{filmed.camera.pk}'] [data-past-headline]"


def test_both_pictures_come_back_after_the_network_was_away(two: list[Filmed], open_as: OpenAs) -> None:
    page = watch_both(open_as, two, two[0].first + timedelta(seconds=20))
    for address in ("**/footage/**", "**/replay.m3u8*"):
        page.route(address, lambda route: route.abort())
    # What hls.js does after half a minute of its own attempts.
    page.evaluate(f"""() => {PAGE}.tiles.forEach(({{ player }}) => {{
        player.reel.hls.stopLoad();
        player.fail(player.reel, Object.assign(new Error('gone'), {{ status: 0 }}));
    }})""")
    seek(page, two[0].first + timedelta(seconds=80))
    for each in two:
        expect(page.locator(headline(each))).to_have_text(NOT_COMING)
    page.wait_for_function(f"() => !{PAGE}.master.runs")  # no clock runs on over pictures that nobody sees
    stood = page.evaluate(MASTER)
    page.wait_for_timeout(1500)
    assert page.evaluate(MASTER) == stood
    page.unroute_all()
    shown = f"() => {PAGE}.tiles.every(tile => tile.player.shows({PAGE}.master.moment) && tile.box.hidden)"
    page.wait_for_function(shown, timeout=20_000)
    page.wait_for_function(f"at => {PAGE}.master.moment > at", arg=(stood + 1) * 1000)


def test_what_is_told_of_a_picture_goes_with_the_picture_s_coming(two: list[Filmed], open_as: OpenAs) -> None:
    page = watch_both(open_as, two, two[0].first + timedelta(seconds=20))
    shorten(page, 40_000)
    page.route("**/replay.m3u8*", lambda route: route.abort())
    seek(page, two[0].first + timedelta(seconds=110))
    for each in two:
        expect(page.locator(headline(each))).to_have_text(NOT_COMING)
    seek(page, two[0].first + timedelta(seconds=30))  # which the playlist in hand has
    for each in two:
        expect(page.locator(headline(each))).to_have_text("")


def shorten(page: Page, ahead: int) -> None:
    """Have playlists that reach so many milliseconds ahead, and wait for the pictures out of them."""
    page.evaluate(
        f"""ahead => {{
        window.Replay.limits.ahead = ahead;
        {PAGE}.tiles.forEach(tile => tile.player.open({PAGE}.master.moment));
    }}""",
        ahead,
    )
    page.wait_for_function(f"() => {PAGE}.tiles.every(({{ player }}) => !player.opening && !player.reel.reachesNow)")


def seek(page: Page, moment: datetime) -> None:
    page.evaluate(f"at => {PAGE}.seek(at)", moment.timestamp() * 1000)


def count_playlists(page: Page) -> list[str]:
    """Give the list that playlists are written into as they are asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "replay.m3u8" in request.url else None)
    return asked


def play_alone(page: Page, moment: datetime, ahead: int) -> None:
    """Play a camera's page out of playlists that reach so many milliseconds ahead."""
    page.evaluate(
        f"([ahead, at]) => {{ window.Replay.limits.ahead = ahead; {PAGE}.player.open(at); }}",
        [ahead, moment.timestamp() * 1000],
    )
    page.wait_for_function(f"() => !{PAGE}.player.opening && !{PAGE}.player.reel.reachesNow")


def test_the_end_of_all_footage_is_told_and_not_asked_for_again(alone: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, alone, alone.second + timedelta(seconds=100))
    asked = count_playlists(page)
    play_alone(page, alone.second + timedelta(seconds=112), 30_000)
    expect(page.locator("[data-past-why]")).to_have_text("There is no footage from here on.")
    told = len(asked)
    page.wait_for_timeout(2000)  # five looks at what comes next
    assert told == len(asked) <= 4  # what plays, what comes next, perhaps twice, and where it goes on
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_gap_longer_than_a_playlist_is_played_over_and_told(alone: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, alone, alone.first + timedelta(seconds=100))
    asked = count_playlists(page)
    play_alone(page, alone.first + timedelta(seconds=112), 30_000)
    expect(page.locator("[data-toast]")).to_contain_text("Skipped 1 min 0 s without footage")
    assert abs(read_code(page) - code_of(page.evaluate(MOMENT))) <= 1
    assert page.evaluate(MOMENT) >= alone.second.timestamp() - 0.1
    assert len(asked) <= 5  # and what comes after the gap


def test_who_is_signed_out_is_told_when_nothing_is_left_to_play(alone: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, alone, alone.first + timedelta(seconds=100))
    play_alone(page, alone.first + timedelta(seconds=112), 30_000)
    asked = count_playlists(page)
    page.route("**/replay.m3u8*", lambda route: route.fulfill(status=401, content_type="application/json", body="{}"))
    expect(page.locator("[data-past-headline]")).to_contain_text("You are signed out.")
    assert len(asked) <= 5  # within eight seconds
    page.unroute_all()
    expect(page.locator("[data-past-words]")).to_be_hidden()
    page.wait_for_function(f"at => ({MOMENT})() > at", arg=alone.second.timestamp())


def test_footage_that_was_deleted_meanwhile_is_asked_for_once(two: list[Filmed], open_as: OpenAs) -> None:
    page = watch_both(open_as, two, two[0].first + timedelta(seconds=20))
    asked = count_playlists(page)
    nothing = {"status": 404, "content_type": "application/problem+json", "body": '{"detail": "no", "next": null}'}
    page.route("**/replay.m3u8*", lambda route: route.fulfill(**nothing))
    with page.expect_request("**/api/v1/timeline?*"):  # what the timeline says is not fresh
        page.evaluate(f"() => {PAGE}.tiles.forEach(tile => tile.player.open({PAGE}.master.moment))")
    for each in two:
        expect(page.locator(headline(each))).to_have_text("There is no footage at this moment.")
    page.wait_for_timeout(1500)  # ten ticks of the page's clock
    assert len(asked) == 2
    page.unroute_all()
    seek(page, two[0].second + timedelta(seconds=20))
    for each in two:
        expect(page.locator(tile(each))).to_be_visible()


@pytest.mark.parametrize("ahead", [180, -7200])
def test_several_cameras_begin_by_the_server_s_clock(two: list[Filmed], open_as: OpenAs, ahead: int) -> None:
    page = open_as(None, "/login", **DESK)
    page.context.add_cookies([{"name": "sessionid", "value": session_of(two[0].world.viewer), "url": page.url}])
    page.context.add_init_script(f"{{ const now = Date.now; Date.now = () => now() + {ahead * 1000}; }}")
    page.goto("/replay?" + "&".join(f"camera={each.camera.pk}" for each in two))
    page.wait_for_function(f"() => {PAGE}.master.runs")
    assert 30 < time.time() - page.evaluate(MASTER) <= 65


def test_a_link_into_the_future_leads_to_the_present(two: list[Filmed], open_as: OpenAs) -> None:
    page = open_together(open_as, two, datetime.now(UTC) + timedelta(minutes=3))
    page.wait_for_function(f"() => {PAGE}.master.runs")
    assert 10 < time.time() - page.evaluate(MASTER) < 30


REMOVED = {
    "en": "This camera was removed, or you may not see it any more.",
    "pt-BR": "Esta câmera foi removida, ou você não pode mais vê-la.",
}


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
def test_a_removed_camera_says_so_and_the_other_plays_on(two: list[Filmed], open_as: OpenAs, locale: str) -> None:
    page = open_together(open_as, two, two[0].first + timedelta(seconds=20), locale=locale)
    for each in two:
        expect(page.locator(tile(each))).to_be_visible()
    for gone in reversed(two):
        with every_city("a test removes a camera"):
            removed = Camera.objects.filter(pk=gone.camera.pk)
            removed.update(removed_at=datetime.now(UTC), recording_enabled=False, is_online=False)
        page.evaluate(f"() => {PAGE}.footage.ask()")
        expect(page.locator(headline(gone))).to_have_text(REMOVED[locale])
        expect(page.locator(tile(gone))).to_have_count(0)
        expect(page.locator("[data-connection]")).to_be_hidden()
        if gone is two[1]:
            began = page.evaluate(MASTER)
            page.wait_for_function(f"at => {PAGE}.master.moment > at", arg=(began + 2) * 1000)
            expect(page.locator(tile(two[0]))).to_be_visible()
            assert abs(read_code(page, tile(two[0])) - code_of(page.evaluate(MASTER))) <= 1
