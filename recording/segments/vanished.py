"""Takes rows out of the index whose footage is nowhere any more, and tells whoever must know."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from django.db import transaction

from recording.segments.decisions import GoneSegment, KnownFile
from recording.segments.disk import is_gone
from recording.segments.index import lock_gone, remove_rows

removal_steps: list[Callable[[Sequence[GoneSegment], datetime], object]] = []
"""What else is done, in the same transaction, when rows leave the index because their files are gone."""


def is_lost(root: Path, row: KnownFile) -> bool:
    """Say whether the footage surely is nowhere: neither under its own name nor under that of a hold."""
    return is_gone(root, row.file) and (not row.held_file or is_gone(root, row.held_file))


def remove_lost(root: Path, rows: Sequence[KnownFile], now: datetime) -> int:
    """Remove those of the rows that are lost still, and give how many. Whoever asks has made sure of the disk."""
    return _remove_gone([row for row in rows if is_lost(root, row)], now)


@transaction.atomic
def _remove_gone(rows: Sequence[KnownFile], now: datetime) -> int:
    gone = lock_gone(rows)
    for step in removal_steps if gone else ():
        step(list(gone.values()), now)
    return remove_rows(gone)
