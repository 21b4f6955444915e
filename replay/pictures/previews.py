"""The previews of a time: those that exist, and an order for those that do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cameras.models import Camera
from cities.errors import InvalidInput
from recording.gaps.footage import list_footage_spans
from recording.gaps.spans import Span
from recording.models import Segment
from recording.states import SegmentState
from replay.models import PictureState, SegmentPicture
from replay.pictures import shelf
from replay.pictures.order import order_after_commit
from replay.playlists import PREFIX
from replay.tokens import LASTS, FootageGrant, make_token

MOST_SEGMENTS = 400
MOST_ORDERS = 60
"""Of one request; whoever asks again orders the next ones."""

REFRESH_AFTER = timedelta(seconds=60)
TRY_AGAIN_AFTER = timedelta(minutes=10)
WORTH_A_TILE = timedelta(seconds=10)


@dataclass(frozen=True)
class Previews:
    """Segments with their sheets, in order, and how many of the time have none yet."""

    sheets: list[tuple[Segment, SegmentPicture]]
    pending: int


def find_previews(camera: Camera, window: Span, now: datetime) -> Previews:
    """Give the sheets of the segments in the window that may be replayed, and order what is missing or out of date.

    Raises InvalidInput where there are more than MOST_SEGMENTS.
    """
    segments = _list_segments(camera, window)
    rows = SegmentPicture.objects.filter(segment_id__in=[each.pk for each in segments])
    known: dict[int, SegmentPicture] = {row.segment_id: row for row in rows}
    sheets = [(each, row) for each in segments if (row := known.get(each.pk)) and _is_there(row)]
    there = {segment.pk for segment, _ in sheets}
    lacking = [each for each in segments if each.pk not in there]
    _order(lacking, [each for each, row in sheets if is_out_of_date(each, row, now)], known, now)
    failed = sum(_has_failed(known.get(each.pk), now) for each in lacking)
    return Previews(sheets, len(lacking) - failed)


def make_sheet_address(sheet: SegmentPicture, user_id: int, now: datetime) -> str:
    """Give where this person gets the sheet for ten minutes at least; the same address for ten, for their browser."""
    seconds = int(LASTS.total_seconds())
    expires_at = datetime.fromtimestamp((int(now.timestamp()) // seconds + 2) * seconds, UTC)
    grant = FootageGrant(sheet.city_id, sheet.segment_id, user_id, expires_at, first=0, last=0, init_bytes=0)
    version = int(sheet.made_at.timestamp()) if sheet.made_at else 0
    return f"{PREFIX}{make_token(grant)}/previews.jpg?v={version}"


def is_out_of_date(segment: Segment, row: SegmentPicture, now: datetime) -> bool:
    """Say whether a sheet lacks a tile or more: of a file that grows it is made anew once a minute at most."""
    if row.covers_until is None or row.made_at is None or segment.end - row.covers_until < WORTH_A_TILE:
        return False
    return segment.state != SegmentState.OPEN or now - row.made_at >= REFRESH_AFTER


def _list_segments(camera: Camera, window: Span) -> list[Segment]:
    starts = {span.segment_start for span in list_footage_spans(camera, window.start, window.end)}
    if len(starts) > MOST_SEGMENTS:
        raise InvalidInput(f"This is more than {MOST_SEGMENTS} files of footage; ask for less time.", field="from")
    rows = Segment.objects.filter(camera=camera, start__in=starts).order_by("start")
    return list(rows.only("pk", "start", "end", "state", "city_id", "camera_id"))


def _is_there(row: SegmentPicture) -> bool:
    """Say whether its sheet can be given, and note that it was asked for."""
    return row.made_at is not None and shelf.touch(shelf.Place(row.city_id, row.camera_id).sheet(row.segment_id))


def _has_failed(row: SegmentPicture | None, now: datetime) -> bool:
    """Say whether there will be no sheet however long one waits."""
    return row is not None and row.state == PictureState.FAILED and not _may_order(row, now)


def _may_order(row: SegmentPicture, now: datetime) -> bool:
    """Say whether the row is no order already, and not one that failed just now."""
    if row.state == PictureState.FAILED:
        return now - row.wanted_at >= TRY_AGAIN_AFTER
    return row.state == PictureState.READY


def _order(
    lacking: Iterable[Segment], stale: Iterable[Segment], known: Mapping[int, SegmentPicture], now: datetime
) -> None:
    """Write the orders, the newest footage first, and tell a worker once they are committed."""
    wanted = [each for each in (*lacking, *stale) if each.pk not in known or _may_order(known[each.pk], now)]
    wanted = sorted(wanted, key=lambda each: each.start, reverse=True)[:MOST_ORDERS]
    again = [known[each.pk].pk for each in wanted if each.pk in known]
    if again:
        _order_again(again, now)
    new = [each for each in wanted if each.pk not in known]
    if new:
        rows = [
            SegmentPicture(segment_id=each.pk, camera_id=each.camera_id, city_id=each.city_id, wanted_at=now)
            for each in new
        ]
        SegmentPicture.objects.bulk_create(rows, ignore_conflicts=True)
    if wanted:
        ordered = SegmentPicture.objects.filter(segment_id__in=[each.pk for each in wanted], state=PictureState.WANTED)
        order_after_commit(ordered.order_by("wanted_at").values_list("pk", "city_id"))


def _order_again(pks: list[int], now: datetime) -> None:
    idle = SegmentPicture.objects.filter(pk__in=pks, state__in=[PictureState.READY, PictureState.FAILED])
    idle.update(state=PictureState.WANTED, wanted_at=now, attempts=0)
