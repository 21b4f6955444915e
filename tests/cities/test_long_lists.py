"""Lists without end: which days are shown, how far they are counted, and what is shown however old it is."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.paginator import Paginator
from django.test import Client
from django.utils import timezone

from cities import long_lists
from cities.long_lists import MOST_DAYS, BoundedPaginator, choose_days, parse_day
from cities.models import User
from cities.scope import every_city
from recording.models import Segment
from tests.world import World

TODAY = date(2026, 3, 10)
PAGE = "/admin/recording/segment/"


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (None, None, (date(2026, 3, 9), TODAY)),
        (date(2026, 2, 1), date(2026, 2, 3), (date(2026, 2, 1), date(2026, 2, 3))),
        (date(2026, 2, 3), date(2026, 2, 1), (date(2026, 2, 1), date(2026, 2, 3))),
        (date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 1, 31))),
        (None, date(2026, 1, 31), (date(2026, 1, 1), date(2026, 1, 31))),
        (date(1926, 1, 1), date(2026, 1, 31), (date(2026, 1, 1), date(2026, 1, 31))),
        (date.max, None, (date.max, date.max)),
        (None, date.min, (date.min, date.min)),
    ],
)
def test_days_are_those_asked_for_and_never_too_many(
    first: date | None, last: date | None, days: tuple[date, date]
) -> None:
    chosen = choose_days(first, last, newest=2, today=TODAY)
    assert chosen == days
    assert (chosen[1] - chosen[0]).days < MOST_DAYS


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "30/01/2026", "\x00"])
def test_what_is_no_day_chooses_none(text: str) -> None:
    assert parse_day(text) is None


def test_a_list_is_counted_up_to_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lists, "MOST_COUNTED", 3)
    people = User.objects.order_by("pk")
    assert (people.count(), BoundedPaginator(people, 2).count, Paginator(people, 2).count) == (4, 3, 4)
    assert [len(page.object_list) for page in BoundedPaginator(people, 2)] == [2, 1]


def test_the_newest_days_are_shown_and_others_where_they_are_chosen(world: World) -> None:
    newest, old = timezone.now(), timezone.now() - timedelta(days=40)
    add(world, newest)
    add(world, old)
    client, day = staff(world.viewer), day_of(world, old)
    assert listed(client) == {newest}
    assert listed(client, f"?start_from={day}&start_to={day}") == {old}
    assert listed(client, f"?start_from={day - timedelta(days=9)}&start_to={day - timedelta(days=1)}") == set()
    assert listed(client, f"?start_from={day}&start_to={day_of(world, newest)}") == {newest}
    assert listed(client, "?start_from=nonsense&start_to=2026-02-30") == {newest}


def test_the_page_says_which_days_it_shows_and_its_form_holds_them(world: World) -> None:
    page = staff(world.viewer).get(PAGE + "?start_from=2026-01-27&start_to=2026-01-28").content.decode()
    assert "Shown: 27 Jan 2026 to 28 Jan 2026." in page
    assert [f'name="start_{end}" value="{day}"' in page for end, day in (("from", "2026-01-27"), ("to", "2026-01-28"))]


def test_trouble_is_shown_however_old_it_is_and_footage_is_not(world: World) -> None:
    old = timezone.now() - timedelta(days=400)
    client = staff(world.viewer)
    add(world, old, state="damaged", damage="empty")
    assert (listed(client, "?state__exact=damaged"), listed(client, "?state__exact=ready")) == ({old}, set())
    assert "Shown:" not in client.get(PAGE + "?state__exact=damaged").content.decode()
    today = day_of(world, timezone.now())
    assert listed(client, f"?state__exact=damaged&start_from={today}") == set()


def test_a_page_says_where_it_stops_to_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_lists, "MOST_COUNTED", 1)
    client = staff(world.viewer)
    assert "Only the first" not in client.get(PAGE).content.decode()
    for minutes in (1, 2):
        add(world, timezone.now() - timedelta(minutes=minutes))
    assert "Only the first 1 are listed" in client.get(PAGE).content.decode()


def test_a_strangers_footage_is_in_no_days(world: World) -> None:
    add(world, timezone.now())
    assert listed(staff(world.stranger)) == set()
    assert listed(staff(world.stranger), "?state__exact=damaged") == set()


def staff(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()
    client = Client()
    client.force_login(user)
    return client


def day_of(world: World, moment: datetime) -> date:
    """Give the day of a moment as the pages of one city's staff have it."""
    return moment.astimezone(ZoneInfo(world.city.time_zone)).date()


def add(world: World, start: datetime, state: str = "ready", damage: str = "") -> None:
    with every_city("a test writes rows"):
        Segment.objects.create(
            camera=world.camera,
            city=world.city,
            media_server=world.server,
            start=start,
            end=start,
            size=0,
            whole_bytes=0,
            file=f"{world.camera.stream_id}/{start.isoformat()}.mp4",
            state=state,
            damage=damage,
            indexed_at=start,
        )


def listed(client: Client, query: str = "") -> set[datetime]:
    return {segment.start for segment in client.get(PAGE + query).context["cl"].result_list}
