"""Held files that no row claims: told of, and taken away where that loses nothing, or somebody gives them up."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from django.db import transaction

from cameras.models import MediaServer
from footage.reader import read_segment
from recording.holds.decisions import id_from_link
from recording.holds.keeping import KEEPING
from recording.holds.links import HeldSegment, drop_link, is_link_of, is_same_file, list_links
from recording.holds.queries import take_turn_with_holds
from recording.models import Segment
from recording.segments.decisions import MOST_AHEAD, Root
from recording.segments.doubt import describe_root, is_doubted
from recording.segments.index import claim, held_files
from recording.segments.looks import find_root
from recording.states import SegmentState

GRACE = timedelta(hours=1)
"""What was linked, or lost another name, a moment ago may be a pass's that is at work."""


class Fate(Enum):
    """What may become of a held file that no row claims."""

    YOUNG = "young"
    DOUBLE = "double"
    LAST = "last"


@dataclass(frozen=True)
class Orphan:
    """A held file that no row claims. `changed_at`: when it got or lost a name last, by the file system.

    `double`: the file of a segment that is the same footage, "" where there is none.
    """

    name: str
    size: int
    changed_at: datetime
    double: str


@dataclass(frozen=True)
class Found:
    """What was found on a media server; `refused` says why nobody could look, or why nothing may be taken away."""

    orphans: tuple[Orphan, ...] = ()
    refused: str = ""


def judge_orphan(orphan: Orphan, now: datetime) -> Fate:
    """Say what it is. A time in the future is no proof of age."""
    if now - orphan.changed_at < GRACE:
        return Fate.YOUNG
    return Fate.DOUBLE if orphan.double else Fate.LAST


def may_go(fate: Fate, *, is_given_up: bool) -> bool:
    """Say whether it may be taken away: a double loses nothing, the last name of footage goes by a person's word."""
    return fate is Fate.DOUBLE or (fate is Fate.LAST and is_given_up)


def find_orphans(server: MediaServer) -> Found:
    """Give the held files of a media server that no row claims. Wants every city in scope."""
    try:
        problem = describe_root(server, find_root(server, may_mark=False))
        return Found(refused=problem) if problem else Found(tuple(_list_orphans(server)))
    except OSError as error:
        return Found(refused=f"The held files cannot be listed: {error}.")


def remove_orphans(server: MediaServer, given_up: frozenset[str], now: datetime) -> Found:
    """Take away what may go, and give what stays; `given_up` are the names that somebody gave up."""
    with claim(KEEPING, server.pk) as is_ours:
        if not is_ours:
            return Found(refused="A pass over the held files is at work; try again when it is done.")
        if is_doubted(server):
            return Found(find_orphans(server).orphans, "The footage on this disk is in doubt; settle that first.")
        found = find_orphans(server)
        gone = {each.name for each in found.orphans if _remove(server, each.name, now, given_up)}
        return Found(tuple(each for each in found.orphans if each.name not in gone), found.refused)


@transaction.atomic
def _remove(server: MediaServer, name: str, now: datetime, given_up: frozenset[str]) -> bool:
    """Look again while nobody holds or marks anything, and take it away if it may go."""
    take_turn_with_holds()
    root = Path(server.recordings_root)
    orphan = _describe(server, root, name) if find_root(server, may_mark=False) is Root.OURS else None
    if orphan is None or not may_go(judge_orphan(orphan, now), is_given_up=name in given_up):
        return False
    drop_link(root, name)
    return True


def _list_orphans(server: MediaServer) -> Iterator[Orphan]:
    root, claimed = Path(server.recordings_root), held_files(server.pk)
    links, _strangers = list_links(root)
    for name in sorted(set(links.values()) - claimed):
        orphan = _describe(server, root, name)
        if orphan is not None:
            yield orphan


def _describe(server: MediaServer, root: Path, name: str) -> Orphan | None:
    """Give what is known of it; None where a row claims it, the next pass takes it over, or it is gone."""
    row = Segment.objects.filter(pk=id_from_link(name) or 0, media_server=server).first()
    if row and (row.held_file == name or is_link_of(root, _as_held(row, name))):
        return None
    try:
        status = os.lstat(root / name)
    except FileNotFoundError:
        return None
    double = _find_double(server, root, name) if status.st_nlink > 1 else ""
    return Orphan(name, status.st_size, datetime.fromtimestamp(status.st_ctime, UTC), double)


def _as_held(row: Segment, name: str) -> HeldSegment:
    return HeldSegment(row.pk, row.file, name, row.stream_id, row.number)


def _find_double(server: MediaServer, root: Path, name: str) -> str:
    """Give the segment's file that is the same file under its own name: found by what the footage says of itself."""
    start = read_segment(root / name).start
    if start is None:
        return ""
    near = Segment.objects.filter(media_server=server, start__range=(start - MOST_AHEAD, start + MOST_AHEAD))
    files = near.exclude(state=SegmentState.DELETING).values_list("file", flat=True)
    return next((file for file in files if is_same_file(root / file, root / name)), "")
