"""The condition that a segment is held is written twice, for Django and for a statement; both say the same."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from django.db import connection

from cities.scope import every_city
from recording.holds.queries import HELD, is_held
from recording.models import Hold, Segment
from tests.recording.holds.conftest import NOW
from tests.world import World

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_both_conditions_say_the_same_of_every_segment(world: World, footage: list[Segment]) -> None:
    first, last = footage[0], footage[-1]
    edges = [moment + shift * SECOND for moment in (first.start, first.end, last.start) for shift in (-1, 0, 1)]
    spans = [(begin, end) for begin, end in product(edges, edges) if begin < end]
    terms = [(None, None), (NOW, None), (None, NOW - SECOND), (None, NOW), (None, NOW + SECOND), (NOW, NOW + SECOND)]
    with every_city("a test looks at all rows"):
        answers = {ask_both(world, *span, *term) for span, term in product(spans, terms)}
    assert frozenset() in answers
    assert len(answers) > 4


def test_both_conditions_say_the_same_of_a_torn_segment(world: World, footage: list[Segment]) -> None:
    torn = footage[-1]
    claim = torn.end + 60 * SECOND
    with every_city("a test looks at all rows"):
        Segment.objects.filter(pk=torn.pk).update(claims_until=claim)
        spans = [(claim + begin * SECOND, claim + 9 * SECOND) for begin in (-1, 0, 1)]
        found = [ask_both(world, *span, None, None) for span in spans]
    assert found == [frozenset({torn.pk})] * 2 + [frozenset()]


def ask_both(
    world: World, begin: datetime, end: datetime, released: datetime | None, until: datetime | None
) -> frozenset[int]:
    """Give what is held by one hold alone, after both agreed."""
    Hold.objects.all().delete()
    times = {"starts_at": begin, "ends_at": end, "created_at": begin, "released_at": released, "until": until}
    Hold.objects.create(camera=world.camera, city=world.city, reason="Robbery", **times)
    said = held_by_statement()
    assert said == frozenset(Segment.objects.filter(is_held(NOW)).values_list("pk", flat=True))
    return said


def held_by_statement() -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM recording_segment AS segment WHERE {HELD}", {"now": NOW})  # noqa: S608 -- the constant itself
        return frozenset(row[0] for row in cursor.fetchall())
