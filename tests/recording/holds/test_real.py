"""Holds and the real MediaMTX: its cleaner takes the dated name and leaves the held one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cities.scope import every_city
from recording.holds.decisions import HoldState
from recording.holds.keeping import keep_links
from recording.holds.links import footage_file
from recording.holds.queries import state_holds
from recording.holds.services import hold_footage, release_hold
from recording.models import Segment
from recording.segments.looks import watch_server
from tests.real import publish, run_mediamtx, wait_until
from tests.recording.segments.test_real import point_at
from tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


def ready() -> list[Segment]:
    return list(Segment.objects.filter(state="ready").order_by("start"))


def test_a_held_file_outlives_mediamtx_s_cleaner(world: World, mediamtx_binary: Path, tmp_path: Path) -> None:
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        server, root = point_at(world, mediamtx), mediamtx.recordings
        text = mediamtx.config.read_text()
        short = text.replace("recordSegmentDuration: 30m", "recordSegmentDuration: 2s")
        short = short.replace("recordPartDuration: 4s", "recordPartDuration: 1s")
        assert short != text
        mediamtx.config.write_text(short)

        def has_three() -> bool:
            watch_server(server, datetime.now(UTC))
            return len(ready()) >= 3

        with publish(mediamtx.rtsp_port, world.camera.stream_id):
            wait_until(has_three, "three segments are known")
            first, second, *_ = ready()
            now = datetime.now(UTC)
            hold = hold_footage(
                world.camera,
                starts_at=first.start + timedelta(milliseconds=500),
                ends_at=first.start + timedelta(milliseconds=600),
                reason="Robbery",
                by=None,
                now=now,
            )
            keep_links(server, now)
            held = Segment.objects.get(pk=first.pk).held_file
            content = (root / first.file).read_bytes()
            mediamtx.config.write_text(short.replace("recordDeleteAfter: 7d", "recordDeleteAfter: 3s"))
            wait_until(
                lambda: not (root / first.file).exists() and not (root / second.file).exists(),
                "MediaMTX's cleaner takes both dated names",
            )
        assert (root / held).read_bytes() == content
        assert footage_file(root, first.file, held) == held
        assert state_holds([hold], now)[hold.pk].state == HoldState.HELD
        mediamtx.process.terminate()
        mediamtx.process.wait()
    release_hold(hold, by=None, now=datetime.now(UTC))
    assert keep_links(server, datetime.now(UTC)).returned == 1
    assert (root / first.file).read_bytes() == content
    assert not (root / held).exists()
