"""Reads of footage for pictures: only what may be replayed is ever found here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cameras.models import Camera
from footage.packing import pack_fragments, unpack_fragments
from footage.reader import Fragment
from recording.gaps.footage import list_footage_spans
from recording.holds.links import footage_file
from recording.models import Segment
from recording.states import SegmentState

LOOK_BACK = timedelta(minutes=1)
"""How far before a moment its keyframe may be; what lies before a session's beginning is not shown."""

LOOK_AHEAD = timedelta(seconds=2)
"""More than a picture lasts: one that is on at the moment is cut from the session it belongs to by its own end."""

REPLAYABLE = (SegmentState.OPEN, SegmentState.READY)


@dataclass(frozen=True)
class Moment:
    """Where the picture of a moment is: times count from the segment's start; only what is `shown` may be seen."""

    segment_id: int
    segment_start: datetime
    path: Path
    fragments: tuple[Fragment, ...]
    at: timedelta
    shown: tuple[timedelta, timedelta]


def find_moment(camera: Camera, at: datetime) -> Moment | None:
    """Give where the picture of that moment is, None where no footage may be replayed; two queries."""
    spans = list_footage_spans(camera, at - LOOK_BACK, at + LOOK_AHEAD)
    span = next((each for each in reversed(spans) if each.start <= at < each.end), None)
    if span is None:
        return None
    segment = find_segment(camera, span.segment_start)
    if segment is None or not segment.fragments:
        return None
    begin = segment.start
    fragments = unpack_fragments(segment.fragments)
    shown = (max(timedelta(), span.start - begin), span.end - begin)
    return Moment(segment.pk, begin, path_of(segment), fragments, at - begin, shown)


def find_segment(camera: Camera, start: datetime) -> Segment | None:
    """Give a segment that may be replayed, with its media server."""
    rows = Segment.objects.select_related("media_server")
    return rows.filter(camera=camera, start=start, state__in=REPLAYABLE).first()


def path_of(segment: Segment) -> Path:
    """Give where its file is, under its own name or its held one. Wants `media_server`."""
    root = Path(segment.media_server.recordings_root)
    return root / footage_file(root, segment.file, segment.held_file)


def find_fragments(segment_id: int) -> bytes:
    """Give a segment's fragments as they are packed; of none where it is gone. Wants its city in scope."""
    found = Segment.objects.filter(pk=segment_id, state__in=REPLAYABLE).values_list("fragments", flat=True).first()
    return bytes(found) if found else pack_fragments(())
