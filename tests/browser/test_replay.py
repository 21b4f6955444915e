"""Footage as people play it: the picture itself tells which moment it shows, and is asked."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from recording.models import Hold
from recording.segments.looks import watch_server
from tests.browser.coded import (
    FRAGMENTS,
    FRAGMENTS_ANYWHERE,
    code_of,
    index,
    key_each,
    publish_coded,
    read_code,
    want_recording,
    write_footage,
)
from tests.browser.conftest import credentials_of, shoot, show_online
from tests.real import RunningMediaMTX
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PLAYED = """() => {
    const video = document.querySelector('[data-past] video:not([hidden])');
    return video && video.readyState >= 2 && !video.seeking;
}"""
MOMENT = "() => document.querySelector('[data-replay]').player.moment / 1000"
LENGTH = """() => {
    const { view } = document.querySelector('[data-replay]').player.timeline;
    return view.to - view.from;
}"""
LATE = """() => {
    const { tiles, master } = document.querySelector('[data-replay]').player;
    return tiles.map(tile => Math.abs(tile.player.moment - master.moment));
}"""
MASTER = "() => document.querySelector('[data-replay]').player.master.moment / 1000"


@dataclass
class Filmed:
    """A camera with two minutes of footage, one without any, and two minutes again, up to a quarter of an hour ago."""

    world: World
    camera: Camera
    first: datetime
    second: datetime


@pytest.fixture
def filmed(world: World, tmp_path: Path) -> Filmed:
    return film(world, world.camera, tmp_path)


def film(world: World, camera: Camera, root: Path, *, shift: int = 0, how: Sequence[str] = FRAGMENTS) -> Filmed:
    """Write and index the footage."""
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20) + timedelta(seconds=shift)
    second = first + timedelta(minutes=3)
    MediaServer.objects.filter(pk=world.server.pk).update(recordings_root=str(root))
    camera.media_server.recordings_root = str(root)
    want_recording(camera, first - timedelta(minutes=1))
    for start in (first, second):
        write_footage(root, camera, start, 120, how)
    found = index(camera, since=first - timedelta(minutes=2))
    assert [(each.start, each.state) for each in found] == [(first, "ready"), (second, "ready")]
    return Filmed(world, camera, first, second)


def spell(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def open_at(open_as: OpenAs, filmed: Filmed, moment: datetime, **options: object) -> Page:
    """Open the camera's page at a moment and wait for its picture."""
    page = open_as(filmed.world.operator, f"/cameras/{filmed.camera.pk}?at={spell(moment)}", **(DESK | options))
    page.wait_for_function(PLAYED)
    expect(page.locator("[data-past] video:not([hidden])")).to_be_visible()
    return page


def expect_code(page: Page, moment: datetime | float, selector: str = "[data-past] video:not([hidden])") -> None:
    """The picture's own code is that of the moment, give or take a second."""
    wanted, deadline = code_of(moment), time.monotonic() + 8
    while abs((seen := read_code(page, selector)) - wanted) > 1:
        assert time.monotonic() < deadline, f"the picture shows {seen}, not {wanted}"
        page.wait_for_timeout(50)


def test_the_picture_of_the_asked_moment_comes_and_runs_on(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=40))
    fetched = page.evaluate(
        "() => performance.getEntriesByType('resource').filter(each => each.startTime < 3000).map(each => each.name)"
    )
    assert [name for name in fetched if "init.mp4" in name] == []  # the playlist brought the head along
    assert len([name for name in fetched if "/timeline?" in name]) == 1
    began, seen = page.evaluate(MOMENT), read_code(page)
    assert abs(seen - code_of(filmed.first + timedelta(seconds=40))) <= 3  # it has played since
    page.wait_for_timeout(3000)
    assert 2 < page.evaluate(MOMENT) - began < 5
    assert abs(read_code(page) - code_of(page.evaluate(MOMENT))) <= 1
    page.keyboard.press("k")
    page.wait_for_timeout(300)
    held = page.evaluate(MOMENT)
    page.wait_for_timeout(700)
    assert page.evaluate(MOMENT) == held
    shoot(page, "camera-past")


def test_a_timeline_that_did_not_come_is_asked_for_again(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=5))
    asked: list[str] = []

    def fail_once(route: Route) -> None:
        asked.append(route.request.url)
        route.abort() if len(asked) == 1 else route.continue_()

    page.route("**/api/v1/timeline?*", fail_once)
    days = 3 * 86_400_000
    page.evaluate("by => document.querySelector('[data-replay]').player.timeline.pan(by)", -days)
    page.wait_for_function(
        "by => document.querySelector('[data-replay]').player.footage.loaded.from < Date.now() - by", arg=days
    )
    assert len(asked) == 2


def test_everywhere_on_the_line_is_the_right_picture(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=5))
    page.keyboard.press("k")
    for seconds in (100, 7, 64, 33, 118):
        moment = filmed.first + timedelta(seconds=seconds)
        began = time.monotonic()
        page.evaluate("at => document.querySelector('[data-replay]').player.seek(at)", moment.timestamp() * 1000)
        expect_code(page, moment)
        assert time.monotonic() - began < 3
    click_on_line(page, filmed.second + timedelta(seconds=60))
    expect_code(page, filmed.second + timedelta(seconds=60))


@pytest.mark.parametrize("key_seconds", [3, 15])
def test_wherever_key_frames_are_the_right_picture_comes(
    world: World, tmp_path: Path, open_as: OpenAs, key_seconds: int
) -> None:
    filmed = film(world, world.camera, tmp_path, how=[*key_each(key_seconds), *FRAGMENTS_ANYWHERE])
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=44.5))
    page.keyboard.press("k")
    expect_code(page, filmed.first + timedelta(seconds=44.5))
    for seconds in (104.5, 8.5, 57.5):
        moment = filmed.first + timedelta(seconds=seconds)
        page.evaluate("at => document.querySelector('[data-replay]').player.seek(at)", moment.timestamp() * 1000)
        expect_code(page, moment)


def click_on_line(page: Page, moment: datetime) -> None:
    """Show ten minutes around a moment, and click where it lies."""
    page.evaluate(
        "at => document.querySelector('[data-replay]').player.timeline.show({ from: at - 300000, to: at + 300000 })",
        moment.timestamp() * 1000,
    )
    box = page.locator("[data-timeline]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20)


def test_playing_goes_over_a_gap_and_says_its_cause(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=116))
    expect(page.locator("[data-toast]")).to_contain_text("without footage", timeout=15_000)
    expect_code(page, page.evaluate(MOMENT))
    assert page.evaluate(MOMENT) >= filmed.second.timestamp() - 0.1


def test_playing_goes_over_a_hole_inside_a_file(world: World, tmp_path: Path, open_as: OpenAs) -> None:
    """The file says of the last picture before the silence that it lasts as long, and the playlist that it does not."""
    camera, first = world.camera, datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    MediaServer.objects.filter(pk=world.server.pk).update(recordings_root=str(tmp_path))
    camera.media_server.recordings_root = str(tmp_path)
    want_recording(camera, first - timedelta(minutes=1))
    write_footage(tmp_path, camera, first, 180, silent=range(20, 80))
    (segment,) = index(camera, since=first - timedelta(minutes=2))
    assert (segment.end - first, len(segment.holes)) == (timedelta(seconds=180), 16)
    page = open_at(open_as, Filmed(world, camera, first, first + timedelta(seconds=80)), first + timedelta(seconds=14))
    expect(page.locator("[data-toast]")).to_contain_text("without footage", timeout=15_000)
    expect_code(page, page.evaluate(MOMENT))
    assert page.evaluate(MOMENT) >= first.timestamp() + 79.9
    page.evaluate("at => document.querySelector('[data-replay]').player.seek(at)", (first.timestamp() + 50) * 1000)
    expect_code(page, first + timedelta(seconds=80))


def test_what_was_skipped_is_told_as_long_as_it_was_however_fast(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=95))
    page.locator("[data-speed]").select_option("8")
    expect(page.locator("[data-toast]")).to_contain_text("without footage", timeout=15_000)
    expect(page.locator("[data-toast]")).to_contain_text("Skipped 1 min 0 s")


def test_a_moment_in_a_gap_is_told_in_words(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=60))
    page.keyboard.press("k")
    page.keyboard.press("g")
    expect(page.locator("[data-past-headline]")).to_have_text("There is no footage at this moment.")
    expect(page.locator("[data-past-why]")).to_contain_text("No footage from")
    expect(page.locator("[data-timeline]")).to_have_attribute("aria-valuetext", re_of("no footage"))
    expect(page.locator("[data-gaps] button").first).to_be_visible()
    shoot(page, "camera-gap")
    page.keyboard.press("k")
    expect(page.locator("[data-past-words]")).to_be_hidden()
    expect_code(page, filmed.second)


def re_of(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def test_by_keys_alone(filmed: Filmed, open_as: OpenAs) -> None:
    start = filmed.first + timedelta(seconds=60)
    page = open_at(open_as, filmed, start)
    page.keyboard.press("k")
    page.wait_for_timeout(400)
    held = page.evaluate(MOMENT)
    page.keyboard.press("j")
    expect_code(page, held - 10)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("l")
    expect_code(page, held + 10)
    before = page.evaluate(MOMENT)
    page.keyboard.press(".")
    page.wait_for_timeout(400)
    assert 0.02 < page.evaluate(MOMENT) - before < 0.3
    page.keyboard.press(">")
    expect(page.locator("[data-speed]")).to_have_value("2")
    page.keyboard.press("?")
    expect(page.locator("[data-help]")).to_be_visible()
    shoot(page, "camera-keys")
    page.keyboard.press("Escape")
    expect(page.locator("[data-help]")).to_be_hidden()
    before = page.evaluate(LENGTH)
    page.locator("[data-timeline]").focus()
    page.keyboard.press("+")
    assert page.evaluate(LENGTH) == pytest.approx(before / 2)


@pytest.mark.parametrize("limit", [{"ahead": 20_000}, {"ahead": 90_000, "age": 2_000}])
def test_the_end_of_a_playlist_and_aged_addresses_are_not_seen(
    filmed: Filmed, open_as: OpenAs, limit: dict[str, int]
) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    page.evaluate("limit => Object.assign(window.Replay.limits, limit)", limit)
    page.evaluate(
        "at => document.querySelector('[data-replay]').player.player.open(at)", filmed.first.timestamp() * 1000
    )
    page.wait_for_function(f"() => ({MOMENT})() < {filmed.first.timestamp() + 6}")
    page.locator("[data-speed]").select_option("2")
    last = page.evaluate(MOMENT)
    reels = set()
    for _look in range(24):
        page.wait_for_timeout(500)
        moment = page.evaluate(MOMENT)
        assert -0.2 < moment - last < 4
        assert abs(read_code(page) - code_of(moment)) <= 2
        reels.add(page.evaluate("() => document.querySelector('[data-replay]').player.player.reel.opened"))
        last = moment
    assert last > filmed.first.timestamp() + 20
    assert len(reels) > 1


def test_a_day_is_picked_in_the_calendar(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.second + timedelta(seconds=60))
    page.keyboard.press("d")
    days = page.locator("[data-days] button:not([disabled])")
    expect(days.last).to_be_visible()
    shoot(page, "camera-calendar")
    days.last.click()
    expect(page.locator("[data-calendar]")).to_be_hidden()
    page.wait_for_function(f"() => ({MOMENT})() < {filmed.first.timestamp() + 20}")
    expect_code(page, page.evaluate(MOMENT))
    assert page.evaluate(LENGTH) == 86_400_000


def test_sixteen_times_as_fast(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=5))
    page.locator("[data-speed]").select_option("16")
    began = page.evaluate(MOMENT)
    page.wait_for_timeout(3000)
    assert page.evaluate(MOMENT) - began > 20
    assert abs(read_code(page) - code_of(page.evaluate(MOMENT))) <= 3


def test_a_range_is_marked_and_held(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    page.keyboard.press("k")
    page.keyboard.press("i")
    page.keyboard.press("l")
    page.wait_for_timeout(500)
    page.keyboard.press("o")
    page.keyboard.press("h")
    page.get_by_label("Reason").fill("Accident at the north gate")
    shoot(page, "camera-hold")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.locator("[data-range]")).to_contain_text("Held:")
    with every_city("a test looks at what was written"):
        hold = Hold.objects.get()
    assert (hold.camera_id, hold.reason) == (filmed.camera.pk, "Accident at the north gate")
    assert 9 < (hold.ends_at - hold.starts_at).total_seconds() < 12


def test_who_may_not_hold_is_told_so(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_as(filmed.world.viewer, f"/cameras/{filmed.camera.pk}", **DESK)
    expect(page.get_by_text("Your role may not hold footage")).to_be_visible()
    expect(page.get_by_role("button", name="Hold this range")).to_be_disabled()


def test_the_link_leads_to_the_moment(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=70))
    page.keyboard.press("k")
    page.keyboard.press("c")
    held = page.evaluate(MOMENT)
    page.wait_for_url("**at=*")
    page.reload()
    page.wait_for_function(PLAYED)
    assert 0 <= page.evaluate(MOMENT) - held < 4


def test_the_city_s_clock_is_shown_in_both_languages(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=30), locale="pt-BR", color_scheme="dark")
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Reproduzir", exact=True)).to_be_visible()
    shoot(page, "camera-past-pt-br-dark")


def test_it_fits_a_phone(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=30), **PHONE)
    page.keyboard.press("k")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")
    shoot(page, "camera-390")


def test_the_growing_present_is_watched(world: World, mediamtx: RunningMediaMTX, open_as: OpenAs) -> None:
    MediaServer.objects.filter(pk=world.server.pk).update(
        recordings_root=str(mediamtx.recordings), public_hls_url=mediamtx.hls_url
    )
    world.server.refresh_from_db()
    want_recording(world.camera, datetime.now(UTC) - timedelta(seconds=5))
    show_online(world.camera)

    def look() -> None:
        with every_city("a test plays the observer"):
            watch_server(world.server, datetime.now(UTC))

    with publish_coded(mediamtx, world.camera, credentials_of(world.camera)):
        page = open_as(world.operator, "/", **DESK)
        for _second in range(16):
            page.wait_for_timeout(1000)
            look()
        asked = time.time() - 12
        page.goto(f"/cameras/{world.camera.pk}?at={spell(datetime.fromtimestamp(asked, UTC))}")
        page.wait_for_function(PLAYED)
        for _second in range(14):
            page.wait_for_timeout(1000)
            look()
        assert page.evaluate(MOMENT) - asked > 8  # beyond all that was there when the page was opened
        assert abs(read_code(page) - code_of(page.evaluate(MOMENT))) <= 1


@pytest.fixture
def pair(world: World, tmp_path: Path) -> list[Filmed]:
    """Two cameras; the second one's footage begins and ends half a minute later."""
    with every_city("a test's world spans the cities"):
        other = Camera.objects.create(city=world.city, media_server=world.server, name="North gate")
    return [film(world, world.camera, tmp_path), film(world, other, tmp_path, shift=30)]


def open_together(open_as: OpenAs, pair: list[Filmed], moment: datetime, **options: object) -> Page:
    cameras = "&".join(f"camera={each.camera.pk}" for each in pair)
    return open_as(pair[0].world.viewer, f"/replay?{cameras}&at={spell(moment)}", **(DESK | options))


def tile(filmed: Filmed) -> str:
    return f"[data-tile='{filmed.camera.pk}'] video:not([hidden])"


def test_two_cameras_keep_to_one_clock(pair: list[Filmed], open_as: OpenAs) -> None:
    page = open_together(open_as, pair, pair[0].first + timedelta(seconds=60))
    for each in pair:
        expect(page.locator(tile(each))).to_be_visible()
    page.wait_for_timeout(5000)
    late = page.evaluate(LATE)
    assert max(late) < 300
    for each in pair:
        assert abs(read_code(page, tile(each)) - code_of(page.evaluate(MASTER))) <= 1
    click_on_line(page, pair[0].first + timedelta(seconds=100))
    for each in pair:
        expect_code(page, page.evaluate(MASTER), tile(each))
    shoot(page, "together")


def test_a_camera_without_footage_says_so_while_the_other_plays(pair: list[Filmed], open_as: OpenAs) -> None:
    page = open_together(open_as, pair, pair[0].first + timedelta(seconds=5))
    expect(page.locator(f"[data-tile='{pair[1].camera.pk}'] [data-past-headline]")).to_have_text(
        "There is no footage at this moment."
    )
    expect_code(page, page.evaluate(MASTER), tile(pair[0]))
    shoot(page, "together-gap")
    page.keyboard.press(">")
    page.keyboard.press(">")
    page.wait_for_function(
        "id => document.querySelector('[data-replay]').player.tiles.find(tile => tile.id === id).state === 'shows'",
        arg=str(pair[1].camera.pk),
    )
    expect_code(page, page.evaluate(MASTER), tile(pair[1]))


@pytest.mark.parametrize(
    ("name", "options"), [("together-390", PHONE), ("together-pt-br-dark", {"locale": "pt-BR", "color_scheme": "dark"})]
)
def test_several_cameras_fit_every_screen(
    pair: list[Filmed], open_as: OpenAs, name: str, options: dict[str, object]
) -> None:
    page = open_together(open_as, pair, pair[0].first + timedelta(seconds=60), **options)
    expect(page.locator(tile(pair[1]))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")
    shoot(page, name)


def test_without_javascript_the_facts_are_there_and_cameras_can_be_chosen(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_as(filmed.world.viewer, "/replay", java_script_enabled=False, **DESK)
    page.get_by_role("link", name="Market square").click()
    expect(page.locator("figcaption")).to_contain_text("Market square")
    page.goto(f"/cameras/{filmed.camera.pk}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Market square")
    expect(page.get_by_text("footage since")).to_be_visible()
