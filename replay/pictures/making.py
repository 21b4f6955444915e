"""Makes previews: the row is the order, claimed by whoever makes it; what is lost on the way is found by a sweep."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from cameras.models import Camera
from ffmpeg.bounded import Bounds, run_bounded
from ffmpeg.errors import FFmpegError
from ffmpeg.pictures import sprite_command
from footage.packing import unpack_fragments
from recording.gaps.footage import list_footage_spans
from recording.models import Segment
from replay.models import PictureState, SegmentPicture
from replay.pictures import shelf
from replay.pictures.frames import our_ffmpeg
from replay.pictures.jpeg import measure_jpeg
from replay.pictures.queries import REPLAYABLE, path_of
from replay.pictures.reading import UnreadableFootage
from replay.pictures.sheets import TILE_WIDTH, Sheet, Shown, plan_sheet, read_sheet

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
LOST_AFTER = timedelta(minutes=3)
"""A making takes seconds, and a task is ended after two minutes."""

_BOUNDS = Bounds(seconds=60, output_bytes=8 << 20, niceness=10)


def claim(picture_id: int, now: datetime) -> SegmentPicture | None:
    """Take the order; None where somebody else has it or it is done. Wants its city in scope."""
    mine = SegmentPicture.objects.filter(pk=picture_id, state=PictureState.WANTED)
    if not mine.update(state=PictureState.MAKING, claimed_at=now, attempts=F("attempts") + 1):
        return None
    return SegmentPicture.objects.select_related("camera").filter(pk=picture_id).first()


def make_sheet(picture: SegmentPicture, now: datetime) -> None:
    """Make what was claimed. Wants every city in scope, or its own."""
    segment = Segment.objects.select_related("media_server").filter(pk=picture.segment_id, state__in=REPLAYABLE).first()
    if segment is None:
        _finish(picture, state=PictureState.FAILED, problem="Its footage is gone.")
        return
    try:
        _make(picture, segment, now)
    except (UnreadableFootage, FFmpegError, OSError) as error:
        logger.warning("no previews of %s: %s", segment.file, error)
        again = picture.attempts < MOST_ATTEMPTS
        _finish(picture, state=PictureState.WANTED if again else PictureState.FAILED, problem=str(error)[:500])


def reclaim_lost(now: datetime) -> None:
    """Give back what was claimed and never finished; after three times it is left alone."""
    lost = SegmentPicture.objects.filter(state=PictureState.MAKING, claimed_at__lt=now - LOST_AFTER)
    lost.filter(attempts__gte=MOST_ATTEMPTS).update(state=PictureState.FAILED, problem="It ended the worker.")
    lost.filter(attempts__lt=MOST_ATTEMPTS).update(state=PictureState.WANTED)


def list_wanted(most: int) -> list[tuple[int, UUID]]:
    """Give the orders that wait and their cities, the oldest first."""
    waiting = SegmentPicture.objects.filter(state=PictureState.WANTED).order_by("wanted_at")
    return list(waiting.values_list("pk", "city_id")[:most])


def drop_orphans() -> None:
    """Forget the previews of segments that are gone, or may not be replayed any more; their files go with the next."""
    kept = Segment.objects.filter(pk=OuterRef("segment_id"), state__in=REPLAYABLE)
    SegmentPicture.objects.filter(~Exists(kept)).delete()


def tidy_shelf(now: datetime) -> None:
    """Delete files without a segment, then the longest unasked above the quota; forget rows whose sheet is gone."""
    pictures = list(shelf.list_pictures())
    ids = {picture.segment_id for picture in pictures if picture.segment_id is not None}
    living = set(Segment.objects.filter(pk__in=list(ids), state__in=REPLAYABLE).values_list("pk", flat=True))
    orphans = [picture for picture in pictures if picture.segment_id not in living and not _is_arriving(picture, now)]
    kept = [picture for picture in pictures if picture.segment_id in living]
    excess = shelf.choose_to_drop(kept, settings.VMS_PICTURES_BYTES)
    shelf.drop([*orphans, *excess])
    gone = [picture.segment_id for picture in excess if picture.segment_id and picture.path.suffix == ".jpg"]
    SegmentPicture.objects.filter(segment_id__in=gone).delete()


def _make(picture: SegmentPicture, segment: Segment, now: datetime) -> None:
    fragments = unpack_fragments(segment.fragments)
    sheet = plan_sheet(fragments, _allowed(picture.camera, segment))
    if sheet is None:
        raise UnreadableFootage("nothing that may be shown")
    fed = read_sheet(path_of(segment), sheet, fragments[0])
    argv = sprite_command(our_ffmpeg(), columns=sheet.columns, rows=sheet.rows, width=TILE_WIDTH)
    jpeg = run_bounded(argv, fed, _BOUNDS).stdout
    width, height = measure_jpeg(jpeg)
    shelf.put(shelf.Place(segment.city_id, segment.camera_id).sheet(segment.pk), jpeg)
    _note_made(picture, sheet, segment, (width // sheet.columns, height // sheet.rows), now)


def _allowed(camera: Camera, segment: Segment) -> list[Shown]:
    """Give from when to when sessions let the segment be shown."""
    spans = list_footage_spans(camera, segment.start, segment.end)
    return [(span.start - segment.start, span.end - segment.start) for span in spans]


def _note_made(picture: SegmentPicture, sheet: Sheet, segment: Segment, tile: tuple[int, int], now: datetime) -> None:
    _finish(
        picture,
        state=PictureState.READY,
        problem="",
        attempts=0,
        made_at=now,
        covers_until=segment.end,
        seconds=sheet.seconds,
        tiles=sheet.tiles,
        columns=sheet.columns,
        rows=sheet.rows,
        width=tile[0],
        height=tile[1],
    )


def _finish(picture: SegmentPicture, **changes: object) -> None:
    """Write it down, unless the claim went to somebody else meanwhile."""
    mine = Q(pk=picture.pk, state=PictureState.MAKING, claimed_at=picture.claimed_at)
    SegmentPicture.objects.filter(mine).update(**changes)


def _is_arriving(picture: shelf.Picture, now: datetime) -> bool:
    """Say whether it is a file that is being put there."""
    return picture.path.name.startswith(shelf.ASIDE) and now.timestamp() - picture.asked_at < LOST_AFTER.total_seconds()
