"""A kill -9 of MediaMTX, as people see it who play the footage: up to the hole, over it, and its cause in words."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cameras.models import MediaServer
from cities.scope import every_city
from observers.services import observe_server
from recording.gaps.services import recompute_gaps
from recording.gaps.spans import Span
from recording.models import Gap, Segment
from recording.segments.looks import watch_server
from recording.writing import FRESH
from tests.browser.coded import BITS, READ, code_of, publish_coded, want_recording
from tests.browser.conftest import LiveServer, credentials_of, door_of, shoot
from tests.browser.test_replay import DESK, PLAYED, OpenAs, expect_code, spell
from tests.real import RunningMediaMTX, get_mediamtx_binary, run_mediamtx, run_program, wait_until
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

WATCH = """() => {
    const clock = document.querySelector('[data-clock]');
    window.seen = [];
    new MutationObserver(() => {
        const video = document.querySelector('[data-past] video:not([hidden])');
        if (!video || video.readyState < 2 || video.seeking) return;
        const shown = Date.parse(clock.dateTime) / 1000;
        window.seen.push([performance.now() / 1000, shown, (READ)(video), video.currentTime]);
    }).observe(clock, { attributes: true, attributeFilter: ['datetime'] });
}""".replace("READ", READ)
"""Each second that the page's clock shows is written down, with the code in the picture beside it."""

CLOCK = "() => Date.parse(document.querySelector('[data-clock]').dateTime) / 1000"
SHARE = """at => {
    const { view } = document.querySelector('[data-replay]').player.timeline;
    return (at * 1000 - view.from) / (view.to - view.from);
}"""
LONGEST_STOP = 3
"""Seconds for which a page's clock may stand: it leaps once a second, and this machine has other things to do."""


@dataclass(frozen=True)
class Seen:
    """What a page showed: `clock` of the recording and `code` in the picture, at second `at` of the page's own time."""

    at: float
    clock: float
    code: int
    video: float

    @property
    def is_true(self) -> bool:
        """Whether the picture is of the moment that the page says, give or take a second."""
        half = 1 << BITS - 1
        return abs((self.code - code_of(self.clock) + half) % (2 * half) - half) <= 1


@dataclass(frozen=True)
class Hole:
    """What a crash left: footage up to `start` in the torn file, from `end` on in the one after it; seconds."""

    start: float
    end: float

    @property
    def middle(self) -> float:
        """A moment of which there is nothing."""
        return (self.start + self.end) / 2


@dataclass
class Street:
    """A camera that records, the media server that will be killed, and we as the worker that looks at both."""

    world: World
    mediamtx: RunningMediaMTX
    binary: Path

    def look(self) -> list[Segment]:
        """Look once at the paths and the files, and give what is indexed."""
        now = datetime.now(UTC)
        with every_city("a test plays the worker"):
            observe_server(self.world.server.pk, now=now)
            watch_server(self.world.server, now)
            return list(Segment.objects.filter(camera=self.world.camera).order_by("start"))

    def has(self, count: int, seconds: float) -> bool:
        """Look, and say whether there are so many files, and so much in the last one."""
        found = self.look()
        return len(found) == count and (found[-1].end - found[-1].start).total_seconds() >= seconds

    def reaches(self, state: str) -> bool:
        """Look, and say whether the media server is known to be so."""
        self.look()
        return MediaServer.objects.get(pk=self.world.server.pk).reach == state

    @contextmanager
    def film(self) -> Generator[None, None, None]:
        """Have the camera publish until the block ends."""
        with publish_coded(self.mediamtx, self.world.camera, credentials_of(self.world.camera)):
            yield

    def kill_amid_a_fragment(self) -> None:
        """Kill the media server while it holds what it did not yet write."""
        written = self.look()[-1].end.timestamp()
        wait_until(lambda: time.time() > written + 2, "the next fragment is under way")
        os.kill(self.mediamtx.process.pid, signal.SIGKILL)
        self.mediamtx.process.wait()

    @contextmanager
    def start_again(self) -> Generator[None, None, None]:
        """Start the media server that was killed, once it was away for a while, until the block ends."""
        wait_until(lambda: self.reaches("unreachable"), "the media server is missed")
        away = time.time()
        wait_until(lambda: time.time() > away + 3, "it is away for a while")
        with run_program([self.binary, self.mediamtx.config], subprocess.DEVNULL, {"TZ": "UTC"}):
            wait_until(lambda: self.reaches("reachable"), "the media server is back")
            yield

    def explain(self) -> Hole:
        """Say what the index and the ledger hold of it, as the worker's next pass over the gaps would."""
        torn, following = self.look()
        assert (torn.state, torn.is_recovered, following.state) == ("ready", True, "open")
        at = following.end + FRESH
        with every_city("a test plays the worker"):
            recompute_gaps([self.world.camera.pk], Span(torn.start, at), at)
            gaps = list(Gap.objects.filter(camera=self.world.camera).values_list("start", "end", "cause"))
        assert gaps == [(torn.end, following.start, "server_down")]
        return Hole(torn.end.timestamp(), following.start.timestamp())


@pytest.fixture
def street(world: World, live_server: LiveServer, tmp_path: Path) -> Generator[Street, None, None]:
    """A media server of its own, with our rules at its door: it is there to be killed."""
    binary = get_mediamtx_binary()
    with run_mediamtx(binary, tmp_path, authorise_at=door_of(live_server)) as mediamtx:
        MediaServer.objects.filter(pk=world.server.pk).update(
            api_url=mediamtx.api_url, public_hls_url=mediamtx.hls_url, recordings_root=str(mediamtx.recordings)
        )
        world.server.refresh_from_db()
        mediamtx.recordings.mkdir(exist_ok=True)
        want_recording(world.camera, datetime.now(UTC) - timedelta(seconds=5))
        yield Street(world, mediamtx, binary)


def test_footage_is_played_across_a_kill_of_the_media_server(street: Street, open_as: OpenAs) -> None:
    with street.film():
        wait_until(lambda: street.has(1, 8), "two fragments are known")
        witness = open_at(open_as, street, street.look()[0].start.timestamp())
        witness.evaluate(WATCH)
        street.kill_amid_a_fragment()
    with street.start_again(), street.film():
        wait_until(lambda: street.has(2, 8) and street.look()[0].state == "ready", "it records on")
        hole = street.explain()
        page = open_at(open_as, street, hole.start - 4)
        page.keyboard.press("k")
        expect_hole_on_timeline(page, hole)
        shoot(page, "crash-before")
        page.keyboard.press("k")
        expect_playing_across(page, street, hole)
        shoot(page, "crash-after")
        expect_jumps_around(page, hole)
        expect_playing_across(open_together(open_as, street, hole.start - 4), street, hole)
        play_past(witness, street, hole)
        check_played(listen(witness), hole)  # it waited for the footage to go on, and went on by itself


def tell(moment: float) -> str:
    return spell(datetime.fromtimestamp(moment, UTC))


def open_at(open_as: OpenAs, street: Street, moment: float) -> Page:
    """Open the camera's page at a moment and wait for its picture."""
    page = open_as(street.world.operator, f"/cameras/{street.world.camera.pk}?at={tell(moment)}", **DESK)
    page.wait_for_function(PLAYED)
    return page


def open_together(open_as: OpenAs, street: Street, moment: float) -> Page:
    """Open the page of several cameras with this one."""
    page = open_as(street.world.operator, f"/replay?camera={street.world.camera.pk}&at={tell(moment)}", **DESK)
    page.wait_for_function(PLAYED)
    return page


def expect_hole_on_timeline(page: Page, hole: Hole) -> None:
    """The hole is listed and drawn; pointed at, it says its cause."""
    page.get_by_role("button", name="10 min").click()
    expect(page.locator("[data-gaps] button")).to_contain_text(["media server down"])
    box = page.locator("[data-timeline]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * page.evaluate(SHARE, hole.middle), box["y"] + box["height"] - 20)
    expect(page.locator("[data-peek-words]")).to_have_text("no footage: media server down")


def expect_playing_across(page: Page, street: Street, hole: Hole) -> None:
    """What plays up to the hole goes on behind it, without a stop, and says what it leapt over."""
    page.evaluate(WATCH)
    play_past(page, street, hole)
    expect(page.locator("[data-toast]")).to_contain_text("without footage: media server down.")
    seen = listen(page)
    check_played(seen, hole)
    assert max(other.at - one.at for one, other in pairwise(seen)) < LONGEST_STOP


def play_past(page: Page, street: Street, hole: Hole) -> None:
    """Wait until the page's clock is well behind the hole, while the worker looks on."""

    def is_past() -> bool:
        street.look()
        page.wait_for_timeout(200)
        return bool(page.evaluate(CLOCK) >= hole.end + 3)

    wait_until(is_past, "the page's clock is behind the hole", 30)


def listen(page: Page) -> list[Seen]:
    """Give what the page has shown since it was watched."""
    return [Seen(*each) for each in page.evaluate("() => window.seen")]


def check_played(seen: list[Seen], hole: Hole) -> None:
    """The video ran through moments before the hole and then through those behind it, and told each truly."""
    before = [each for each in seen if each.clock < hole.middle]
    behind = [each for each in seen if each.clock > hole.middle]
    assert min(len(before), len(behind)) >= 3
    assert seen == before + behind
    assert before[-1].clock < hole.start + 0.6
    assert behind[0].clock > hole.end - 0.1
    # Beside the first clock behind the hole the last picture before it may still stand, for one frame.
    assert [each for each in before + behind[1:] if not each.is_true] == []
    assert all(one.video < other.video for one, other in pairwise(seen))


def expect_jumps_around(page: Page, hole: Hole) -> None:
    """Keys and buttons lead to the hole from both sides, and playing leads out of it."""
    page.keyboard.press("k")
    page.keyboard.press("G")
    expect_standing_in(page, hole)
    shoot(page, "crash-hole")
    page.keyboard.press("k")
    expect(page.locator("[data-past-words]")).to_be_hidden()
    page.keyboard.press("k")
    assert hole.end - 0.1 < page.evaluate(CLOCK) < hole.end + 5
    expect_code(page, page.evaluate(CLOCK))
    page.evaluate("at => document.querySelector('[data-replay]').player.seek(at * 1000)", hole.start - 3)
    expect_code(page, hole.start - 3)
    page.locator("[data-do='gap-forward']").click()
    expect_standing_in(page, hole)
    page.locator("[data-do='gap-forward']").click()
    expect(page.locator("[data-toast]")).to_contain_text("No further gap in sight")


def expect_standing_in(page: Page, hole: Hole) -> None:
    """The page says that there is nothing here, and why."""
    expect(page.locator("[data-past-headline]")).to_have_text("There is no footage at this moment.")
    expect(page.locator("[data-past-why]")).to_contain_text("media server down.")
    expect(page.locator("[data-timeline]")).to_have_attribute(
        "aria-valuetext", re.compile("no footage: media server down")
    )
    assert hole.start <= page.evaluate(CLOCK) < hole.end
