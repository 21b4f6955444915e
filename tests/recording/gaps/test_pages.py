"""What people see of gaps: the printable page of a month, the list in the administration, the camera's own page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from cameras.models import Camera
from cities.models import City, Membership, Role
from recording.gaps.periods import Measured
from recording.gaps.words import describe_coverage, say_length, say_percent, write_percent
from recording.models import Gap, GapCause
from tests.cities.test_admin import staff
from tests.recording.gaps.conftest import wish
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
JANUARY = datetime(2026, 1, 1, 3, tzinfo=UTC)
"""Midnight of the city, which lies three hours west of Greenwich."""


def gap(camera: Camera, start: datetime, hours: float, cause: str = "camera_offline") -> None:
    end = start + timedelta(hours=hours)
    Gap.objects.create(camera=camera, city_id=camera.city_id, start=start, end=end, cause=cause)


@pytest.fixture
def january(world: World) -> World:
    """Both cities' cameras were to be recorded from the third to the end of the fifth of January, with a gap each."""
    Camera.objects.update(created_at=JANUARY)
    for camera in (world.camera, world.foreign_camera):
        wish(camera, JANUARY + timedelta(days=2), JANUARY + timedelta(days=5))
    gap(world.camera, JANUARY + timedelta(days=3, hours=6), 6)
    gap(world.camera, JANUARY + timedelta(days=4), 24, "deleted")
    gap(world.foreign_camera, JANUARY + timedelta(days=3), 1, "disk_full")
    return world


@pytest.fixture
def browser(world: World, client: Client) -> Client:
    client.force_login(world.viewer)
    return client


def rows_of(answer: Any) -> list[Any]:
    rows: list[Any] = answer.context["rows"]
    return rows


def test_a_month_by_camera_and_day(january: World, browser: Client) -> None:
    answer = browser.get("/coverage?month=2026-01")
    (row,) = rows_of(answer)
    assert [cell.number for cell in row.cells[:6]] == ["–", "–", "100", "75.00", "0.00", "–"]
    assert [cell.kind for cell in row.cells[:6]] == ["none", "none", "whole", "gaps", "lost", "none"]
    assert (row.name, row.total.number, len(row.cells)) == ("Market square", "58.33", 31)
    assert row.missing == "deleted by rule 1 day 0 h, camera offline 6 h 0 min"
    page = answer.content.decode()
    assert "camera offline 6 h 0 min" in page
    assert "/api/v1/coverage.csv?from=2026-01-01T03%3A00%3A00%2B00%3A00&amp;to=2026-02-01" in page
    assert ("?month=2025-12" in page, "?month=2026-02" in page) == (True, True)
    assert ("Secret harbour" in page, "disk full" in page) == (False, False)


def test_the_table_opens_in_the_browser(january: World, browser: Client) -> None:
    page = browser.get("/coverage?month=2026-01").content.decode()
    address = page.split('href="/api/v1/coverage.csv')[1].split('"')[0].replace("&amp;", "&")
    answer = browser.get(f"/api/v1/coverage.csv{address}", headers={"Accept": "text/html"})
    assert (answer.status_code, len(answer.content.decode().splitlines())) == (200, 32)


def test_without_a_month_it_is_this_one_and_the_next_is_not_offered(world: World, browser: Client) -> None:
    answer = browser.get("/coverage")
    assert (answer.status_code, answer.context["after"]) == (200, "")
    assert len(answer.context["days"]) in {28, 29, 30, 31}


def test_a_day_of_another_length_says_so(world: World, browser: Client) -> None:
    City.objects.filter(pk=world.city.pk).update(time_zone="America/New_York")
    days = browser.get("/coverage?month=2026-11").context["days"]
    assert days[0] == {"number": 1, "hours": "25 hours"}
    assert {day["hours"] for day in days[1:]} == {""}


def test_a_month_before_every_camera_says_so(world: World, browser: Client) -> None:
    assert "No camera existed in this month." in browser.get("/coverage?month=2001-02").content.decode()


@pytest.mark.parametrize("month", ["2026-13", "2026", "x", "1999-01", "2026-1", "9999-12"])
def test_what_is_no_month_is_refused(browser: Client, month: str) -> None:
    assert browser.get("/coverage", {"month": month}).status_code == 400


def test_who_is_not_signed_in_or_has_no_city_sees_nothing(january: World, client: Client) -> None:
    assert client.get("/coverage")["Location"] == "/login/?next=/coverage"
    Membership.objects.filter(user=january.viewer).delete()
    client.force_login(january.viewer)
    assert client.get("/coverage")["Location"] == "/"


def test_a_stranger_sees_his_own_city_only(january: World, client: Client) -> None:
    client.force_login(january.stranger)
    page = client.get("/coverage?month=2026-01").content.decode()
    assert ("Secret harbour" in page, "Market square" in page) == (True, False)


def test_a_page_asks_as_much_for_many_cameras_as_for_one(
    january: World, browser: Client, django_assert_max_num_queries: Any
) -> None:
    browser.get("/coverage")  # which chooses the city
    for number in range(4):
        Camera.objects.create(city=january.city, media_server=january.server, name=f"More {number}")
    Camera.objects.update(created_at=JANUARY)
    with django_assert_max_num_queries(9):
        assert len(rows_of(browser.get("/coverage?month=2026-01"))) == 5


def test_the_administration_lists_gaps_that_nobody_edits(january: World) -> None:
    client = staff(january.viewer)
    page = client.get("/admin/recording/gap/?cause__exact=deleted").content.decode()
    assert ("Market square" in page, "Secret harbour" in page, "1 day 0 h" in page) == (True, False, True)
    row = Gap.objects.filter(camera=january.camera).first()
    assert row is not None
    assert client.get(f"/admin/recording/gap/{row.pk}/change/").status_code == 200
    assert client.post(f"/admin/recording/gap/{row.pk}/change/", {"cause": "unknown"}).status_code == 403
    assert client.post(f"/admin/recording/gap/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    foreign = Gap.objects.filter(camera=january.foreign_camera).first()
    assert foreign is not None
    assert client.get(f"/admin/recording/gap/{foreign.pk}/change/").status_code == 302


def test_a_camera_s_page_says_its_coverage(world: World) -> None:
    wish(world.camera, timezone.now() - timedelta(days=2))
    Membership.objects.filter(user=world.viewer).update(role=Role.VIEWER)
    page = staff(world.viewer).get(f"/admin/cameras/camera/{world.camera.pk}/change/").content.decode()
    assert "100 % of the wished time: nothing is missing." in page


def test_lengths_and_percentages_in_words() -> None:
    lengths = [timedelta(seconds=each) for each in (40, 125, 7500, 100_000, 260_000)]
    assert [say_length(each) for each in lengths] == ["40 s", "2 min 5 s", "2 h 5 min", "1 day 3 h", "3 days 0 h"]
    assert [say_percent(each) for each in (100.0, 99.9, 87.25, 0.0)] == ["100", "99.9", "87.25", "0"]
    missing = Measured(timedelta(hours=4), {GapCause.DISK_FULL: timedelta(hours=1)})
    assert describe_coverage(missing) == "75 % of the wished time; missing: disk full 1 h 0 min."
    assert describe_coverage(Measured()) == "Recording was not wished."
    with translation.override("pt-br"):
        assert say_percent(87.25) == "87,25"
        assert [write_percent(each) for each in (100.0, 99.9, 0.0)] == ["100", "99,90", "0,00"]
