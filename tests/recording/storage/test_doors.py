"""The forecast's doors: the API of one's own city, the pages of the administration."""

from typing import Any

import pytest
from django.test import Client

from cities.scope import every_city
from recording.models import Forecast, Storage
from recording.storage.words import say_outlook
from tests.cities.test_admin import staff
from tests.world import NOW, ApiClient, World

GB = 10**9
STORAGE, FORECASTS = "/admin/recording/storage/", "/admin/recording/forecast/"


@pytest.fixture
def forecasts(world: World) -> World:
    """A world with a forecast for each city."""
    with every_city("a test writes rows of both cities"):
        for city, rate in ((world.city, 10 * GB), (world.other_city, 77 * GB)):
            Forecast.objects.create(
                city=city,
                media_server=world.server,
                bytes_per_day=rate,
                footage_bytes=100 * GB,
                held_bytes=GB,
                room_bytes=234 * GB,
                yields_days=23.4567,
                promised_days=30,
                measured_at=NOW,
            )
    return world


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        ((10, 23.4567, 30), "This disk yields 23.4 of the promised 30 days."),
        ((10, 29.99, 30), "This disk yields 29.9 of the promised 30 days."),
        ((10, 30.0, 30), "This disk yields 30.0 days; 30 are promised."),
        ((10, 0.0, 1), "This disk yields 0.0 of the promised 1 day."),
        ((10, 2.5, 1), "This disk yields 2.5 days; 1 is promised."),
        ((10, None, 30), "It is too early to tell: less than ten minutes of footage were measured."),
        ((0, None, 30), "Nothing is being recorded, or nothing was written yet."),
        ((None, None, None), "Nothing is being recorded, or nothing was written yet."),
    ],
)
def test_a_forecast_is_a_sentence(outlook: Any, words: str) -> None:
    assert say_outlook(*outlook) == words


def test_the_api_gives_ones_own_citys_forecast_on_each_media_server(forecasts: World) -> None:
    answer = ApiClient(forecasts.viewer, forecasts.city).get("/api/v1/forecast")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "results": [
                {
                    "media_server": "main",
                    "bytes_per_day": 10 * GB,
                    "footage_bytes": 100 * GB,
                    "held_bytes": GB,
                    "room_bytes": 234 * GB,
                    "yields_days": 23.4567,
                    "promised_days": 30,
                    "measured_at": "2026-01-27T12:00:00Z",
                    "sentence": "This disk yields 23.4 of the promised 30 days.",
                }
            ],
            "next": None,
            "previous": None,
        },
    )


def test_a_stranger_gets_nothing_of_ours(forecasts: World) -> None:
    assert ApiClient(forecasts.stranger, forecasts.city).get("/api/v1/forecast").status_code == 403
    (theirs,) = ApiClient(forecasts.stranger, forecasts.other_city).get("/api/v1/forecast").json()["results"]
    assert theirs["bytes_per_day"] == 77 * GB


def test_the_page_of_forecasts_shows_ones_own_city_and_changes_nothing(forecasts: World) -> None:
    client = staff(forecasts.viewer)
    page = client.get(FORECASTS).content.decode()
    assert ("This disk yields 23.4 of the promised 30 days." in page, "Boreal" in page) == (True, False)
    assert page.count("field-media_server") == 1
    with every_city("a test looks at everything"):
        mine = Forecast.objects.get(city=forecasts.city)
    assert client.get(f"{FORECASTS}{mine.pk}/change/").status_code == 200
    assert staff(forecasts.owner).post(f"{FORECASTS}{mine.pk}/delete/").status_code == 403
    assert client.get(f"{FORECASTS}add/").status_code == 403


@pytest.fixture
def storage(world: World) -> Storage:
    return Storage.objects.create(
        media_server=world.server,
        total_bytes=1000 * GB,
        free_bytes=100 * GB,
        measured_at=NOW,
        bytes_per_day=10 * GB,
        yields_days=6.0,
        promised_days=7,
        delete_after_seconds=86_400,
        refuses_since=NOW,
    )


@pytest.fixture
def administrator(world: World) -> Client:
    return staff(world.owner, is_superuser=True)


def test_the_page_of_storage_says_what_is_wrong_in_words(storage: Storage, administrator: Client) -> None:
    page = administrator.get(STORAGE).content.decode()
    words = [
        "This disk yields 6.0 of the promised 7 days.",
        "after 1.0 days: before the promised 7",
        "Only held footage is left: nothing is recorded.",
    ]
    assert [each in page for each in words] == [True] * 3
    assert administrator.get(f"{STORAGE}{storage.pk}/change/").status_code == 200
    assert [administrator.get(f"{STORAGE}{page}").status_code for page in ("add/", f"{storage.pk}/delete/")] == [
        403
    ] * 2


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("5", "", "Give both marks, or leave both empty."),
        ("", "5", "Give both marks, or leave both empty."),
        ("-1", "5", "A mark is 0 bytes or more."),
        ("6", "5", "This mark must not be below the other one."),
        ("0", str(1000 * GB), "The disk is smaller than that: no footage would be left on it."),
        ("much", "5", "Enter a whole number."),
        ("1", "9" * 30, "less than or equal to"),
    ],
)
def test_water_marks_between_which_no_ring_turns_are_refused_at_their_field(
    storage: Storage, administrator: Client, low: str, high: str, words: str
) -> None:
    answer = administrator.post(f"{STORAGE}{storage.pk}/change/", {"low_bytes": low, "high_bytes": high})
    assert (answer.status_code, words in answer.content.decode()) == (200, True)
    storage.refresh_from_db()
    assert (storage.low_bytes, storage.high_bytes) == (None, None)


def test_water_marks_are_set_and_taken_back_and_nothing_else_is(storage: Storage, administrator: Client) -> None:
    found = []
    for low, high in ((str(5 * GB), str(8 * GB)), ("", "")):
        sent = {"low_bytes": low, "high_bytes": high, "free_bytes": "1", "refuses_since": ""}
        assert administrator.post(f"{STORAGE}{storage.pk}/change/", sent).status_code == 302
        storage.refresh_from_db()
        found.append((storage.low_bytes, storage.high_bytes, storage.free_bytes, storage.refuses_since))
    assert found == [(5 * GB, 8 * GB, 100 * GB, NOW), (None, None, 100 * GB, NOW)]


def test_all_disks_are_forecast_on_demand(
    storage: Storage, administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = []
    monkeypatch.setattr("recording.storage.admin.forecast_disks.delay_on_commit", lambda: ordered.append(1))
    chosen = {"action": "forecast_now", "_selected_action": [str(storage.pk)]}
    page = administrator.post(STORAGE, chosen, follow=True).content.decode()
    assert (ordered, "All disks are being forecast" in page) == ([1], True)
