"""Stretches of time in one column, as Postgres' own multirange, which joins what touches."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from psycopg.types.multirange import TimestamptzMultirange
from psycopg.types.range import TimestamptzRange

from recording.gaps.spans import Span


class SpansField(models.Field[Iterable[Span] | None, tuple[Span, ...] | None]):
    """Spans in order and apart from each other; written in any order. A span of no length stays one moment."""

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 -- Django's signature
        """Give Postgres' name of the type."""
        return "tstzmultirange"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> tuple[Span, ...] | None:  # noqa: ARG002 -- Django's signature
        """Give what Postgres answers as spans."""
        return None if value is None else tuple(unpack_spans(value))

    def get_prep_value(self, value: Iterable[Span] | None) -> TimestamptzMultirange | None:
        """Give what Postgres is told."""
        return None if value is None else pack_spans(value)


def unpack_spans(value: Iterable[Any]) -> list[Span]:
    """Give the ranges of a multirange as spans."""
    return [Span(each.lower, each.upper) for each in value]


def pack_spans(spans: Iterable[Span]) -> TimestamptzMultirange:
    """Give the spans as a value for a statement."""
    # A range without its end is empty where it begins there too.
    return TimestamptzMultirange(
        TimestamptzRange(each.start, each.end, "[]" if each.start == each.end else "[)") for each in spans
    )
