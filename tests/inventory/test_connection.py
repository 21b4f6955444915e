"""Testing a camera's address: who may, where it may lead, what is told of it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.test import Client
from django.utils import timezone

from cities.errors import Conflict, InvalidInput
from cities.models import AuditEntry
from cities.scope import city_scope, every_city
from ffmpeg.failures import Failure, FailureKind
from ffmpeg.probing import LONGEST_SECONDS, Description, Look
from inventory import working
from inventory.connection import describe_look, keep_look, order_test, say_look
from inventory.discovery.network import LISTEN_SECONDS, QUESTIONS_SECONDS
from inventory.errands import LOST, drop_expired, read_content, read_result
from inventory.models import Errand, ErrandKind
from inventory.ordering import KILLED_AFTER_SECONDS, STOPPED_AFTER_SECONDS
from inventory.tasks import run_errand
from tests.inventory.conftest import access_of, signed_in
from tests.real import RunningMediaMTX, publish, run_mediamtx, wait_until
from tests.world import World, give_source


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "The address is empty."),
        ("gopher://10.0.0.5/", "gopher: is not allowed"),
        ("rtsp://127.0.0.1:554/", "The camera's address leads to this machine itself"),
        ("rtsp://169.254.169.254/latest", "The camera's address leads to a link-local address"),
        ("http://127.0.0.1:9997/v3/paths", "The camera's address leads to a service of this VMS"),
        ("rtsp://10.0.0.5/?token=***", "The address holds ***"),
    ],
)
def test_an_address_where_no_camera_may_be_is_never_asked(world: World, address: str, words: str) -> None:
    with city_scope(world.city.pk), pytest.raises(InvalidInput) as refused:
        order_test(access_of(world), address, None, timezone.now())
    assert (refused.value.message[: len(words)], refused.value.field) == (words, "source_url")
    answer = signed_in(world.owner).post("/cameras/test", {"source_url": address})
    assert (answer.status_code, answer.json()["field"]) == (422, "source_url")


def test_the_shown_address_of_a_camera_stands_for_its_whole_one(world: World) -> None:
    with city_scope(world.city.pk):
        give_source(world.camera, "rtsp://admin:sesame@10.0.0.5/live")
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", world.camera, timezone.now())
        assert read_content(errand)["address"] == "rtsp://admin:sesame@10.0.0.5/live"
        assert "sesame" not in errand.content
        other = order_test(access_of(world), "rtsp://10.0.0.66/live", world.camera, timezone.now())
        assert read_content(other)["address"] == "rtsp://10.0.0.66/live"


def test_a_camera_of_another_city_cannot_be_tested(world: World) -> None:
    answer = signed_in(world.owner).post("/cameras/test", {"camera": str(world.foreign_camera.pk)})
    assert answer.status_code == 404


def test_a_result_is_its_maker_s_alone(world: World) -> None:
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
    assert signed_in(world.owner).get(f"/cameras/test/{errand.pk}").json() == {"done": False}
    assert signed_in(world.stranger).get(f"/cameras/test/{errand.pk}").status_code == 404


def test_what_takes_too_long_says_so(world: World) -> None:
    def take_too_long(errand: Errand, now: datetime) -> None:
        raise SoftTimeLimitExceeded

    with city_scope(world.city.pk):
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
        working.run_errand(errand.pk, now=timezone.now(), work={ErrandKind.CONNECTION: take_too_long})
    assert signed_in(world.owner).get(f"/cameras/test/{errand.pk}").json() == {
        "done": True,
        "ok": False,
        "problem": "This took longer than a minute and was ended. Try again.",
    }


@pytest.mark.parametrize(("age", "done"), [(129, False), (131, True)])
def test_what_no_worker_finishes_ends_with_a_word(world: World, age: int, done: bool) -> None:  # noqa: FBT001 -- told by pytest
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
        result = read_result(errand, errand.made_at + timedelta(seconds=age))
        assert (result is not None) == done
        Errand.objects.update(made_at=errand.made_at - timedelta(seconds=age))
    told = signed_in(world.owner).get(f"/cameras/test/{errand.pk}").json()
    assert told == ({"done": True, "ok": False, "problem": LOST} if done else {"done": False})


def test_a_worker_has_ended_before_its_work_is_given_up() -> None:
    limits = (run_errand.soft_time_limit, run_errand.time_limit)
    assert limits == (STOPPED_AFTER_SECONDS, KILLED_AFTER_SECONDS)
    assert LONGEST_SECONDS + QUESTIONS_SECONDS + LISTEN_SECONDS < STOPPED_AFTER_SECONDS < KILLED_AFTER_SECONDS


def test_ten_in_a_minute_are_enough(world: World) -> None:
    with city_scope(world.city.pk):
        for _ in range(10):
            order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
        with pytest.raises(Conflict):
            order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
    assert signed_in(world.owner).post("/cameras/test", {"source_url": "rtsp://10.0.0.5/"}).status_code == 429


def test_what_was_seen_is_said_in_words() -> None:
    description = Description("h264", "High", 1920, 1080, 25.0, "aac", "48000 Hz, stereo")
    said = say_look(describe_look(Look(b"\xff\xd8\xff\xd9", description)))
    assert said == {
        "ok": True,
        "picture": "data:image/jpeg;base64,/9j/2Q==",
        "codec": "H264 High",
        "size": "1920 × 1080",
        "rate": "25 pictures a second",
        "audio": "AAC · 48000 Hz, stereo",
    }
    mute = say_look(describe_look(Look(b"\xff\xd8\xff\xd9", Description("hevc"))))
    assert (mute["codec"], mute["size"], mute["rate"], mute["audio"]) == ("HEVC", "–", "–", "none")
    failure = Failure(FailureKind.REFUSED, "The camera refused the connection.")
    assert say_look(describe_look(Look(failure=failure))) == {"ok": False, "problem": failure.text}


def test_whose_picture_a_test_shows_is_written_down_once_when_it_is_shown(world: World) -> None:
    browser = signed_in(world.owner)
    show(browser, world, SEEN)
    for _ in range(2):
        show(browser, world, SEEN, "rtsp://admin:sesame@10.0.0.9/live?token=abcdef")
    assert list_views() == [
        ("owner", "", {"cameras": 1, "tested": "rtsp://10.0.0.9/live?token=***"}),
        ("owner", "", {"cameras": 1, "tested": "rtsp://10.0.0.9/live?token=***"}),
        ("owner", "Market square", {"cameras": 1, "tested": "rtsp://10.0.0.5/live"}),
    ]


def test_a_test_that_shows_nothing_is_no_view(world: World) -> None:
    show(signed_in(world.owner), world, Look(failure=Failure(FailureKind.REFUSED, "The camera refused.")))
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
        working.run_errand(errand.pk, now=timezone.now(), work={ErrandKind.CONNECTION: keep(SEEN)})
    assert list_views() == []


SEEN = Look(b"\xff\xd8\xff\xd9", Description("h264"))


def keep(look: Look) -> Callable[[Errand, datetime], object]:
    """Give a worker that sees this."""
    return lambda errand, now: keep_look(errand, look, now)


def show(browser: Client, world: World, look: Look, address: str = "") -> None:
    """Test an address, or else the camera, and show twice what was seen."""
    camera = None if address else world.camera
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), address, camera, timezone.now())
        working.run_errand(errand.pk, now=timezone.now(), work={ErrandKind.CONNECTION: keep(look)})
    for _ in range(2):
        assert browser.get(f"/cameras/test/{errand.pk}").json()["done"]


def list_views() -> list[tuple[str, str, Any]]:
    with every_city("a test looks at what was written"):
        views = AuditEntry.objects.filter(action="live_viewed").order_by("subject", "number")
        return list(views.values_list("actor", "subject", "facts"))


def test_what_is_old_is_forgotten(world: World) -> None:
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), "rtsp://10.0.0.5/live", None, timezone.now())
        assert drop_expired(errand.expires_at) == 1
        assert Errand.objects.count() == 0


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory, mediamtx_binary: Path) -> Iterator[RunningMediaMTX]:
    """A MediaMTX that stands for a camera on this machine."""
    with run_mediamtx(mediamtx_binary, tmp_path_factory.mktemp("street")) as running:
        yield running


def run(world: World, address: str) -> dict[str, Any]:
    world.city.camera_networks = ["127.0.0.0/8"]
    world.city.save()
    with city_scope(world.city.pk):
        errand = order_test(access_of(world), address, None, timezone.now())
        working.run_errand(errand.pk, now=timezone.now())
        errand.refresh_from_db()
        assert (errand.kind, errand.done_at is not None) == (ErrandKind.CONNECTION, True)
        return read_content(errand)


@pytest.mark.integration
def test_a_real_camera_shows_its_picture_and_what_it_sends(world: World, street: RunningMediaMTX) -> None:
    with publish(street.rtsp_port, "gate"):
        wait_until(lambda: "gate" in street.client.list_paths().online_names, "the camera sends")
        seen = run(world, f"rtsp://admin:sesame@127.0.0.1:{street.rtsp_port}/gate")
    assert (seen["ok"], seen["video"]) == (True, "h264")
    assert all(seen[name] for name in ("width", "height", "frames_per_second"))
    assert seen["picture"].startswith("data:image/jpeg;base64,/9j/")
    assert "sesame" not in str(seen)


@pytest.mark.integration
def test_a_real_camera_that_has_no_such_stream_says_so(world: World, street: RunningMediaMTX) -> None:
    seen = run(world, f"rtsp://127.0.0.1:{street.rtsp_port}/nowhere")
    assert (seen["ok"], seen["problem"][:35]) == (False, "The camera answers, but has no stre")


def test_a_port_where_nobody_listens_says_so(world: World) -> None:
    seen = run(world, "rtsp://127.0.0.1:9/live")
    assert (seen["ok"], seen["problem"][:33]) == (False, "The camera refused the connection")
