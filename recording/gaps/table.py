"""Coverage as lines of text that a spreadsheet opens."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from cities.spreadsheets import disarm
from recording.gaps.coverage import CameraCoverage
from recording.gaps.periods import Measured, Period
from recording.models import GapCause

HEAD = [
    *("camera", "camera_id", "period", "wished_seconds", "covered_seconds", "percent", "recorded_percent"),
    *(f"missing_{cause}_seconds" for cause in GapCause.values),
]


def write_table(found: Iterable[CameraCoverage], periods: Sequence[Period]) -> str:
    """Give one line for each camera and period, below a line with the names of the columns."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for coverage in found:
        writer.writerows(_list_lines(coverage, periods))
    return text.getvalue()


def _list_lines(coverage: CameraCoverage, periods: Sequence[Period]) -> Iterator[list[Any]]:
    camera = coverage.camera
    for period, measured in zip(periods, coverage.by_period, strict=True):
        yield [disarm(camera.name), str(camera.pk), period.label, *_list_numbers(measured)]


def _list_numbers(measured: Measured) -> list[Any]:
    missing = [measured.missing.get(cause) for cause in GapCause]
    return [
        *(int(length.total_seconds()) for length in (measured.wished, measured.covered)),
        *("" if each is None else each for each in (measured.percent, measured.recorded_percent)),
        *(int(length.total_seconds()) if length else 0 for length in missing),
    ]
