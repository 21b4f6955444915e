"""What a camera's page does with hands, keys, gaps and bad news; pictures are looked at in test_replay."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from cameras.models import Camera
from cities.scope import every_city
from recording.models import Hold
from tests.browser.conftest import add_member, show_online
from tests.browser.test_replay import DESK, MOMENT, Filmed, expect_code, film, open_at, spell
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
REMOVED = "This camera was removed, or you may not see it any more."
P = "document.querySelector('[data-replay]').player"


@pytest.fixture
def filmed(world: World, tmp_path: Path) -> Filmed:
    return film(world, world.camera, tmp_path)


def seek(page: Page, moment: datetime) -> None:
    page.evaluate(f"at => {P}.seek(at)", moment.timestamp() * 1000)


def hold_back(page: Page, address: str) -> list[Route]:
    """Leave what the page asks unanswered, for now; gives the questions as they come."""
    asked: list[Route] = []

    def keep(route: Route) -> None:
        asked.append(route)

    page.route(address, keep)
    return asked


def open_quiet(open_as: OpenAs, world: World) -> Page:
    """Open the page of a camera without footage, at an hour ago."""
    moment = datetime.now(UTC) - timedelta(hours=1)
    page = open_as(world.operator, f"/cameras/{world.camera.pk}?at={spell(moment)}", **DESK)
    page.wait_for_function(f"() => {P}.isLive === false")
    return page


SPY = f"""() => {{
    const page = {P}, seek = page.seek;
    window.sought = [];
    page.seek = (at, how) => {{ window.sought.push(at); seek.call(page, at, how); }};
}}"""


FOLLOWS = f"""() => {{
    const page = {P};
    page.tick();
    return page.controls.field.value === page.clock.toField(page.moment);
}}"""

LEFT_OF_THE_PAST = f"""() => {{
    const {{ player, settling, leavingGap }} = {P};
    return [player.reel, player.opening, player.successor, settling, leavingGap];
}}"""


@pytest.mark.parametrize("key", ["Enter", "Escape", "j"])
def test_a_typed_moment_stays_until_it_is_used_or_given_up(world: World, open_as: OpenAs, key: str) -> None:
    page = open_quiet(open_as, world)
    page.evaluate(SPY)
    typed = page.evaluate(f"() => {P}.clock.toField(Date.now() - 7200000)")
    page.locator("#moment").fill(typed)
    page.locator("[data-jump] button").focus()
    page.evaluate(f"() => {P}.tick()")
    assert page.locator("#moment").input_value() == typed
    page.keyboard.press(key)
    assert page.evaluate(f"at => window.sought.includes({P}.clock.fromField(at))", typed) == (key == "Enter")
    assert page.evaluate(FOLLOWS)


def test_a_jump_into_a_gap_that_is_not_loaded_yet_is_told_and_then_played_on(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    seek(page, filmed.first - timedelta(hours=5))
    expect(page.locator("[data-past-headline]")).to_have_text("There is no footage at this moment.")
    assert page.evaluate(f"() => {P}.player.wantsPlay") is False
    expect(page.locator("[data-past-words]")).to_be_hidden()
    page.wait_for_function(f"() => ({MOMENT})() > {filmed.first.timestamp()} + 1")
    expect_code(page, page.evaluate(MOMENT))


def test_two_steps_into_a_gap_play_on_after_it(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=100))
    page.wait_for_function(f"() => {P}.knows({P}.moment)")
    seek(page, filmed.first + timedelta(seconds=130))
    page.keyboard.press("l")
    assert page.evaluate(f"() => [{P}.inGap !== null, {P}.player.wantsPlay]") == [True, False]
    page.wait_for_function(f"() => {P}.player.wantsPlay && ({MOMENT})() > {filmed.second.timestamp()}")


def test_whoever_came_to_the_end_of_the_footage_goes_back_and_plays_on(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    seek(page, filmed.second + timedelta(minutes=8))
    expect(page.locator("[data-past-why]")).to_have_text("There is no footage from here on.")
    assert page.evaluate(f"() => {P}.player.wantsPlay") is False
    seek(page, filmed.first + timedelta(seconds=30))
    assert page.evaluate(f"() => {P}.player.wantsPlay") is True


def test_nothing_of_the_past_goes_on_behind_live(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    seek(page, filmed.first + timedelta(seconds=150))  # into the gap, which would be left after a while
    page.evaluate(f"() => {P}.scrub({P}.moment, {{ isMoving: true }})")
    page.keyboard.press("0")
    expect(page.locator("[data-past] video")).to_have_count(0)
    assert page.evaluate(LEFT_OF_THE_PAST) == [None, None, None, 0, 0]
    seek(page, filmed.first + timedelta(seconds=40))
    expect(page.locator("[data-past] video:not([hidden])")).to_be_visible()


def test_a_picture_that_was_on_its_way_does_not_come_behind_live(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    hold_back(page, "**/replay.m3u8*")
    seek(page, filmed.first - timedelta(hours=5))
    page.wait_for_function(f"() => {P}.player.opening")
    page.keyboard.press("0")
    expect(page.locator("[data-past] video")).to_have_count(0)
    assert page.evaluate(f"() => [{P}.isLive, {P}.player.opening, {P}.page.dataset.loading ?? null]") == [
        True,
        None,
        None,
    ]


def open_hold(page: Page) -> None:
    page.evaluate(f"() => {{ {P}.holding.selection = {{ from: {P}.moment, to: {P}.moment + 20000 }}; }}")
    page.evaluate(f"() => {P}.holding.describe()")
    page.keyboard.press("h")
    page.get_by_label("Reason").fill("Accident at the north gate")


def test_a_hold_that_is_pressed_twice_is_made_once_and_said_rightly(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    open_hold(page)
    range_said = page.locator("[data-hold-range]").inner_text()
    page.evaluate(f"() => {{ {P}.holding.send(); {P}.holding.send(); }}")
    expect(page.locator("[data-range]")).to_have_text(
        f"Held: {range_said.rsplit(' (', 1)[0]}. Retention leaves this footage alone."
    )
    with every_city("a test looks at what was written"):
        assert Hold.objects.count() == 1


def test_a_hold_without_an_answer_is_told_as_such(world: World, open_as: OpenAs) -> None:
    page = open_quiet(open_as, world)
    page.route("**/api/v1/holds", lambda route: route.abort())
    open_hold(page)
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.locator("[data-hold-error]")).to_contain_text("No answer from the VMS.")
    expect(page.get_by_role("button", name="Hold", exact=True)).to_be_enabled()


def test_a_day_is_sought_once_its_own_timeline_is_there(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    page.evaluate(f"() => clearInterval({P}.footage.timer)")
    page.wait_for_function(f"() => !{P}.footage.asking")
    page.evaluate(SPY)
    asked = hold_back(page, "**/api/v1/timeline?*")
    page.evaluate(f"() => {{ {P}.footage.ask(); }}")  # a refresh is under way when the day is picked
    wait_for(page, asked, 1)
    day = page.evaluate(f"() => {P}.clock.startOfDay(Date.now() - 5 * 86400000)")
    page.evaluate(f"from => {{ {P}.showDay({{ from, to: from + 86400000 }}); }}", day)
    asked[0].continue_()
    wait_for(page, asked, 2)
    assert page.evaluate("() => window.sought") == []
    asked[1].continue_()
    page.wait_for_function("() => window.sought.length")
    assert page.evaluate("() => window.sought") == [day]


def wait_for(page: Page, routes: list[Route], count: int) -> None:
    """Wait until the page has asked so many times."""
    while len(routes) < count:
        page.wait_for_timeout(20)


def test_a_page_works_before_its_first_timeline(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, "/", **DESK)
    hold_back(page, "**/api/v1/timeline?*")
    asked = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    page.goto(f"/cameras/{world.camera.pk}?at={spell(asked)}")
    page.locator("[data-zoom='86400']").click()
    page.keyboard.press("i")
    page.keyboard.press("c")
    at = asked.timestamp() * 1000
    assert page.evaluate(f"() => {{ const {{ from, to }} = {P}.timeline.view; return to - from; }}") == 86_400_000
    assert page.evaluate(f"() => {P}.timeline.view.from < {at} && {at} < {P}.timeline.view.to")
    assert page.evaluate(f"() => [{P}.moment, {P}.holding.selection.from]") == [at, at]
    page.evaluate(f"() => {P}.timeline.show({{ from: NaN, to: NaN }})")
    assert page.evaluate(f"() => {P}.timeline.view.from < {at}")


def test_what_is_said_of_the_camera_changes_with_it(world: World, open_as: OpenAs) -> None:
    page = open_quiet(open_as, world)
    expect(page.locator("[data-problem]")).to_be_visible()
    with every_city("a test plays the observer and an operator"):
        Camera.objects.filter(pk=world.camera.pk).update(is_online=True, recording_enabled=True)
    page.evaluate(f"() => {P}.askState()")
    expect(page.locator("[data-problem]")).to_be_hidden()
    expect(page.locator("[data-recording-text]")).to_have_text("Recording on")
    show_online(world.camera, online=False)
    page.evaluate(f"() => {P}.askState()")
    expect(page.locator("[data-problem]")).to_be_visible()


def remove(camera: Camera) -> None:
    with every_city("a test removes a camera"):
        Camera.objects.filter(pk=camera.pk).update(
            removed_at=datetime.now(UTC), is_online=False, recording_enabled=False
        )


def test_a_removed_camera_is_said_to_be_removed_and_plays_no_more(filmed: Filmed, open_as: OpenAs) -> None:
    show_online(filmed.camera)
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    remove(filmed.camera)
    page.evaluate(f"() => {P}.askState()")
    expect(page.locator("[data-connection]")).to_have_text(REMOVED)
    expect(page.locator("[data-past-headline]")).to_have_text(REMOVED)
    expect(page.locator("[data-past] video")).to_have_count(0)
    expect(page.locator("[data-state-text]")).to_have_text("Removed from the city")
    page.evaluate(f"() => {P}.footage.ask()")
    expect(page.locator("[data-connection]")).to_have_text(REMOVED)
    page.keyboard.press("0")
    expect(page.locator("[data-live-card] [data-why]")).to_have_text(REMOVED)


def test_a_timeline_of_nothing_is_not_a_lost_connection(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    page.route("**/wall/states*", lambda route: route.abort())
    remove(filmed.camera)
    page.evaluate(f"() => {P}.footage.ask()")
    expect(page.locator("[data-connection]")).to_have_text(REMOVED)


def test_another_city_chosen_elsewhere_ends_the_page(world: World, open_as: OpenAs) -> None:
    add_member(world.operator, world)
    page = open_quiet(open_as, world)
    other = page.context.new_page()
    other.goto("/")
    other.locator("#city").select_option(str(world.other_city.pk))
    other.get_by_role("button", name="Change city").click()
    other.wait_for_load_state()
    page.bring_to_front()
    with page.expect_navigation():
        page.evaluate(f"() => {{ {P}.askState(); }}")
    assert page.locator("[data-replay]").count() == 0


def test_speeds_are_chosen_by_keys_one_after_the_other(world: World, open_as: OpenAs) -> None:
    page = open_quiet(open_as, world)
    page.locator("[data-speed]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-speed]")).to_be_focused()
    assert page.evaluate(f"() => [{P}.controls.rate, {P}.player.rate]") == [4, 4]


def test_the_play_button_says_what_it_does_and_nothing_else(world: World, open_as: OpenAs) -> None:
    page = open_quiet(open_as, world)
    page.evaluate(f"() => clearInterval({P}.ticking)")
    for plays, name in ((True, "Pause"), (False, "Play")):
        page.evaluate(f"plays => {P}.controls.showPlaying(plays)", plays)
        button = page.get_by_role("button", name=name, exact=True)
        assert [button.get_attribute(each) for each in ("data-do", "aria-pressed")] == ["play", None]


def test_what_is_too_young_for_a_cause_is_not_said_to_be_unwished(filmed: Filmed, open_as: OpenAs) -> None:
    page = open_at(open_as, filmed, filmed.first + timedelta(seconds=20))
    why = f"age => {P}.footage.explain(null, Date.now() - age * 1000, {P})"
    assert page.evaluate(why, 30) == "the cause is not known yet"
    assert page.evaluate(why, 300) == "recording was not wished"
