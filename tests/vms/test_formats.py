"""Moments look alike on every page of a language."""

from datetime import UTC, datetime

import pytest
from django.utils.formats import date_format
from django.utils.translation import override

MOMENT = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [("en", "3 Nov 2026", "3 Nov 2026, 14:05"), ("pt-br", "03/11/2026", "03/11/2026 14:05")],
)
def test_by_24_hours_and_in_one_order(language: str, day: str, moment: str) -> None:
    with override(language):
        assert (date_format(MOMENT, "DATE_FORMAT"), date_format(MOMENT, "DATETIME_FORMAT")) == (day, moment)
        assert date_format(MOMENT, "SHORT_DATETIME_FORMAT") == moment
