"""The arithmetic of the timeline and the city's clock, in a page that holds nothing else."""

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.integration]

DAY = """([zone, year, month, day]) => {
    const clock = new window.Replay.CityClock(zone, "en");
    const start = clock.fromLocal(year, month, day, 12);
    return (clock.startOfNextDay(start) - clock.startOfDay(start)) / 3600000;
}"""
LABELS = """([zone, year, month, day]) => {
    const clock = new window.Replay.CityClock(zone, "en");
    const from = clock.startOfDay(clock.fromLocal(year, month, day, 12)), to = clock.startOfNextDay(from) - 1;
    const ticks = window.Replay.geometry.listTicks({ from, to }, 6 * 3600000, clock);
    return ticks.map(({ at }) => clock.say(at, "minute"));
}"""


@pytest.fixture
def page(chromium: Browser) -> Generator[Page, None, None]:
    """A page with the two scripts, in a browser that is somewhere else than the city."""
    context = chromium.new_context(timezone_id="Asia/Tokyo")
    made = context.new_page()
    for name in ("clock", "geometry"):
        made.add_script_tag(path=ROOT / "static" / "replay" / f"{name}.js")
    yield made
    context.close()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Sao_Paulo", [2026, 11, 25], 24),
        ("America/Sao_Paulo", [2018, 11, 4], 23),  # midnight itself was leapt over
        ("America/Sao_Paulo", [2018, 2, 17], 25),
        ("Europe/Lisbon", [2026, 3, 29], 23),
        ("Europe/Lisbon", [2026, 10, 25], 25),
        ("America/New_York", [2026, 11, 1], 25),
    ],
)
def test_days_are_as_long_as_the_city_has_them(page: Page, zone: str, day: list[int], hours: int) -> None:
    assert page.evaluate(DAY, [zone, *day]) == hours


def test_hours_stand_where_the_city_s_clocks_show_them(page: Page) -> None:
    assert page.evaluate(LABELS, ["Europe/Lisbon", 2026, 10, 25]) == ["00:00", "06:00", "12:00", "18:00"]
    assert page.evaluate(LABELS, ["Europe/Lisbon", 2026, 3, 29]) == ["00:00", "06:00", "12:00", "18:00"]


def test_a_field_says_the_city_s_time_and_is_read_as_such(page: Page) -> None:
    there_and_back = """text => {
        const clock = new window.Replay.CityClock("America/Sao_Paulo", "en");
        const moment = clock.fromField(text);
        return [new Date(moment).toISOString(), clock.toField(moment)];
    }"""
    seen = page.evaluate(there_and_back, "2026-11-25T14:05:30")
    assert seen == ["2026-11-25T17:05:30.000Z", "2026-11-25T14:05:30"]


@pytest.mark.parametrize(
    ("zone", "asked", "shown"),
    [
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T03:30:00"),
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T03:30:00"),
        ("America/Santiago", "2026-09-06T00:30:00", "2026-09-06T01:30:00"),
    ],
)
def test_a_time_that_was_leapt_over_lies_after_the_leap(page: Page, zone: str, asked: str, shown: str) -> None:
    there_and_back = """([zone, text]) => {
        const clock = new window.Replay.CityClock(zone, "en");
        return clock.toField(clock.fromField(text));
    }"""
    assert page.evaluate(there_and_back, [zone, asked]) == shown


def test_an_hour_that_was_leapt_over_is_not_on_the_ruler(page: Page) -> None:
    asked = """() => {
        const clock = new window.Replay.CityClock("America/New_York", "en");
        const from = clock.fromLocal(2026, 3, 8), ticks = window.Replay.geometry.listTicks;
        return ticks({ from, to: from + 3 * 3600000 }, 3600000, clock).map(({ at }) => clock.say(at, "minute"));
    }"""
    assert page.evaluate(asked) == ["00:00", "01:00", "03:00", "04:00"]


def test_of_an_hour_that_comes_twice_the_nearer_is_taken(page: Page) -> None:
    asked = """() => {
        const clock = new window.Replay.CityClock("America/New_York", "en");
        const first = Date.UTC(2026, 10, 1, 5, 30), second = first + 3600000, text = clock.toField(second);
        const near = [second + 5000, first - 86400000, undefined];
        return near.map((moment) => (clock.fromField(text, moment) - first) / 60000);
    }"""
    assert page.evaluate(asked) == [60, 0, 0]


def test_what_lies_at_a_moment_and_what_comes_next(page: Page) -> None:
    asked = """() => {
        const { spanAt, nextSpan, gapAt, nextGap, previousGap, mergeSpans } = window.Replay.geometry;
        const { lengthWithout, findActivity } = window.Replay.geometry;
        const spans = [[0, 10], [20, 30]], gaps = [[10, 20, "camera_offline"], [30, null, "unknown"]];
        const activity = { activity: [0, 0, 50, 60, 0, 40], from: 0, resolution: 10 };
        return [
            spanAt(spans, 10), spanAt(spans, 20), nextSpan(spans, 5), gapAt(gaps, 10),
            gapAt(gaps, 99), nextGap(gaps, 10), previousGap(gaps, 25), mergeSpans([[[0, 10], [30, 40]], [[5, 12]]]),
            lengthWithout(spans, 5, 50), lengthWithout(spans, 12, 18), lengthWithout(spans, 2, 8),
            lengthWithout([], 2, 8),
            findActivity(activity, 0, 1), findActivity(activity, 25000, 1), findActivity(activity, 45000, -1),
        ];
    }"""
    assert page.evaluate(asked) == [
        None,
        [20, 30],
        [20, 30],
        [10, 20, "camera_offline"],
        [30, None, "unknown"],
        [30, None, "unknown"],
        [10, 20, "camera_offline"],
        [[0, 12], [30, 40]],
        30,
        6,
        0,
        6,
        20000,
        50000,
        20000,
    ]


def test_a_day_s_footage_begins_within_the_day(page: Page) -> None:
    asked = """() => {
        const { firstWithin } = window.Replay.geometry, spans = [[0, 10], [20, 30]];
        return [[5, 15], [10, 25], [10, 20], [30, 99]].map(([from, to]) => firstWithin(spans, from, to));
    }"""
    assert page.evaluate(asked) == [5, 20, None, None]


def test_views_stay_between_seconds_and_a_month_and_do_not_run_into_the_future(page: Page) -> None:
    asked = """() => {
        const { clampView, zoom, DAY } = window.Replay.geometry, now = 1000 * DAY;
        const view = { from: now - DAY, to: now };
        const wide = zoom(view, 1000, now, now), narrow = zoom(view, 1e-9, now - DAY / 2, now);
        const ahead = clampView({ from: now + DAY, to: now + 2 * DAY }, now);
        return [(wide.to - wide.from) / DAY, (narrow.to - narrow.from) / 1000, (ahead.to - now) / DAY];
    }"""
    assert page.evaluate(asked) == [32, 10, 0.1]
