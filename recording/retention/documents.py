"""Deletions as files for people and programs: CSV and JSON lines, in the city's own zone with its offset."""

import csv
import json
from collections.abc import Iterable
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from recording.gaps.spans import Span
from recording.models import Deletion

_COLUMNS = ["camera_id", "camera", "rule", "is_early", "start", "end", "segments", "bytes", "last_at"]
_COLUMNS += ["spans", "damaged"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def describe_deletion(deletion: Deletion) -> dict[str, Any]:
    """Give what was deleted, when, by which rule; stretches as intervals of ISO 8601.

    `damaged` are the damaged files among it, from where each began. Wants camera and city loaded.
    """
    zone = ZoneInfo(deletion.city.time_zone)
    return {
        "camera_id": str(deletion.camera_id),
        "camera": deletion.camera.name,
        "rule": deletion.rule,
        "is_early": deletion.is_early,
        "start": deletion.start.astimezone(zone).isoformat(),
        "end": deletion.end.astimezone(zone).isoformat(),
        "segments": deletion.segments,
        "bytes": deletion.bytes,
        "last_at": deletion.last_at.astimezone(zone).isoformat(),
        "spans": _describe_spans(deletion.spans, zone),
        "damaged": _describe_spans(deletion.damaged, zone),
    }


def _describe_spans(spans: Iterable[Span] | None, zone: ZoneInfo) -> list[str] | None:
    return None if spans is None else [_describe_span(each, zone) for each in spans]


def _describe_span(span: Span, zone: ZoneInfo) -> str:
    return "/".join(each.astimezone(zone).isoformat() for each in (span.start, span.end))


def write_json_lines(deletions: Iterable[Deletion]) -> str:
    """Give a line of JSON for each."""
    return "".join(f"{json.dumps(describe_deletion(each), ensure_ascii=False)}\n" for each in deletions)


def write_csv(deletions: Iterable[Deletion]) -> str:
    """Give a table with a heading; a name that a spreadsheet would take for a formula is shown as text."""
    output = StringIO()
    rows = [describe_deletion(each) for each in deletions]
    writer = csv.DictWriter(output, _COLUMNS)
    writer.writeheader()
    for row in rows:
        name = row["camera"]
        shown = {"camera": f"'{name}" if name.startswith(_FORMULA) else name}
        stretches = {column: " ".join(row[column] or ()) for column in ("spans", "damaged")}
        writer.writerow(row | shown | stretches)
    return output.getvalue()
