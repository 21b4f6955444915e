"""Keeps the links in line with the holds: makes those that are lacking, gives back what nobody holds any more.

`held_file` is set once the link is safe on disk and cleared before the link goes: while it is set, the link is there. A
crash in between leaves a link without it, which the next pass takes over.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from cameras.models import MediaServer
from mediamtx.names import camera_id_from
from recording.clock import doubt_clock, start_clock
from recording.holds.decisions import LinkProblem, claim_span, name_link, read_problem
from recording.holds.links import (
    HeldSegment,
    drop_link,
    is_link_of,
    list_links,
    make_link,
    restore_file,
    sync_folders,
)
from recording.holds.queries import is_held, live_holds, segments_lacking_links, take_turn_with_holds
from recording.models import Segment
from recording.segments.decisions import Root
from recording.segments.index import claim, in_batches
from recording.segments.looks import find_root
from recording.states import SegmentState

logger = logging.getLogger(__name__)

KEEPING = 5
"""This work's number in `claim`: 1 is watching, 2 the full pass."""

BATCH_SEGMENTS = 100
LONGEST_PASS = timedelta(seconds=20)
"""Passes come every 30 s; what one leaves is the next one's."""

Doubt = Callable[[datetime], str]
"""Says why this moment is not to be believed; "" if it is."""


@dataclass
class Kept:
    """What a pass did; `refused` says why it did nothing, `strangers` lie among the held files and are nobody's."""

    refused: str = ""
    linked: int = 0
    returned: int = 0
    failed: int = 0
    strangers: list[str] = field(default_factory=list)


def keep_links(server: MediaServer, now: datetime, doubt: Doubt = doubt_clock) -> Kept:
    """Link what is held, give back what is not; skipped while another pass is at work on this server.

    Nothing is given back while the clock is doubted: a hold that ends by itself would end with its jump, and MediaMTX's
    cleaner, which goes by the same clock, would take what no link keeps.
    """
    with claim(KEEPING, server.pk) as is_ours:
        if not is_ours:
            return Kept(refused="Another pass over the held files is at work.")
        if not _is_root_ours(server):
            _note(server, {LinkProblem.ROOT: [segment.pk for segment in _lacking(server, now)]})
            return Kept(refused="The folder of recordings is not this media server's.")
        try:
            return _Pass(server, now, doubt).run()
        except OSError as error:
            logger.warning("the held files of media server %s cannot be listed: %s", server.name, error)
            return Kept(refused=f"The held files cannot be listed: {error}.")


class _Pass:
    """One pass over a media server's held files."""

    def __init__(self, server: MediaServer, now: datetime, doubt: Doubt) -> None:
        self.server = server
        self.now = now
        self.doubt = doubt
        self.root = Path(server.recordings_root)
        self.clock: Callable[[], datetime] = start_clock(now)
        self.done = Kept()
        self.tried = set[int]()

    def run(self) -> Kept:
        """Settle what is on disk, then link, then give back, which may take all the time there is.

        What a hold began to touch meanwhile is linked too.
        """
        links, self.done.strangers = list_links(self.root)
        known = set(_linked(self.server).values_list("pk", flat=True))
        self._settle_unknown({pk: links[pk] for pk in links.keys() - known})
        self._link(_read(_linked(self.server).filter(is_held(self.now), pk__in=known - links.keys())))
        self._link_lacking()
        self._give_back()
        if self.done.returned:
            self._link_lacking()
        if self.done.strangers:
            logger.warning(
                "among the held files of media server %s are %s that belong to no segment, for instance %s: "
                "`manage.py check_holds` tells what they are",
                self.server.name,
                len(self.done.strangers),
                self.done.strangers[0],
            )
        return self.done

    def _settle_unknown(self, links: dict[int, str]) -> None:
        """Take over the links that a crash left unnoted; what belongs to no segment is told of and stays."""
        rows = Segment.objects.filter(media_server=self.server, pk__in=links.keys())
        deleting = set(rows.filter(state=SegmentState.DELETING).values_list("pk", flat=True))
        segments = {segment.pk: segment for segment in _read(rows)}
        for pk, link in links.items():
            if pk in deleting:
                _drop_given_up(self.root, segments[pk], self.now)
            elif pk in segments and is_link_of(self.root, segments[pk]):
                self._note(segments[pk])
            else:
                self.done.strangers.append(link)

    def _give_back(self) -> None:
        """Return to the ring what no hold in force touches, where the time can be believed."""
        ended = _read(_linked(self.server).exclude(is_held(self.now)))
        if ended and (problem := self.doubt(self.now)):
            logger.warning("%s held files of media server %s stay: %s", len(ended), self.server.name, problem)
            return
        for segment in ended:
            if self._is_late():
                break
            if self._restore(segment) and _clear(segment, self.now):
                drop_link(self.root, segment.link)
                self.done.returned += 1

    def _restore(self, segment: HeldSegment) -> bool:
        """Give the file its own name back; say whether its held one may go."""
        try:
            restore_file(self.root, segment)
        except FileNotFoundError:
            logger.error("%s of media server %s is gone, its held link too", segment.file, self.server.name)  # noqa: TRY400 -- no fault of the code: the words say all
            return _is_root_ours(self.server)
        except OSError as error:
            logger.warning("%s of media server %s cannot be given back: %s", segment.file, self.server.name, error)
            self.done.failed += 1
            return False
        return True

    def _link_lacking(self) -> None:
        while not self._is_late():
            fresh = [segment for segment in _lacking(self.server, self.now) if segment.pk not in self.tried]
            if not fresh:
                break
            self.tried |= {segment.pk for segment in fresh}
            self._link(fresh)

    def _link(self, segments: Sequence[HeldSegment]) -> None:
        for batch in in_batches(segments, BATCH_SEGMENTS):
            if self._is_late():
                break
            made, refused = _make_links(self.root, batch)
            self.done.linked += sum(self._note(segment) for segment in made)
            self.done.failed += len(batch) - len(made)
            self._tell(refused)

    def _note(self, segment: HeldSegment) -> bool:
        """Note a link that is there, or take it away where the ring came first: no row would ever name it."""
        is_noted = _note_link(segment)
        if not is_noted:
            _drop_given_up(self.root, segment, self.now)
        return is_noted

    def _tell(self, refused: dict[LinkProblem, list[tuple[HeldSegment, OSError]]]) -> None:
        """Note why segments could not be linked: gone is said only of a disk that is there."""
        for problem, cases in refused.items():
            true = problem if problem != LinkProblem.GONE or _is_root_ours(self.server) else LinkProblem.ROOT
            _note(self.server, {true: [segment.pk for segment, _error in cases]})
            segment, error = cases[0]
            logger.warning(
                "%s segments of media server %s cannot be held (%s), for instance %s: %s",
                len(cases),
                self.server.name,
                true.value,
                segment.file,
                error,
            )

    def _is_late(self) -> bool:
        return self.clock() - self.now > LONGEST_PASS


def _make_links(
    root: Path, batch: Sequence[HeldSegment]
) -> tuple[list[HeldSegment], dict[LinkProblem, list[tuple[HeldSegment, OSError]]]]:
    """Link the files, and give those that are safe on disk now, and the others by what stood in the way."""
    made: list[HeldSegment] = []
    refused: dict[LinkProblem, list[tuple[HeldSegment, OSError]]] = defaultdict(list)
    for segment in batch:
        try:
            make_link(root, segment)
        except OSError as error:
            refused[read_problem(error)].append((segment, error))
        else:
            made.append(segment)
    try:
        sync_folders(root, [segment.link for segment in made])
    except OSError as error:
        refused[LinkProblem.FAILED] += [(segment, error) for segment in made]
        made = []
    return made, refused


def _linked(server: MediaServer) -> QuerySet[Segment]:
    """Give the segments with a link; one that is being deleted is the ring's, which takes both its names."""
    return Segment.objects.filter(media_server=server).exclude(held_file="").exclude(state=SegmentState.DELETING)


def _lacking(server: MediaServer, now: datetime) -> list[HeldSegment]:
    """Give the segments that a hold in force touches and that have no link, oldest first, as cleaners take them."""
    found = {each.pk: each for part in segments_lacking_links(now, media_server=server) for each in _read(part)}
    return sorted(found.values(), key=lambda each: each.file.rpartition("/")[2])


def _read(segments: QuerySet[Segment]) -> list[HeldSegment]:
    names = ("pk", "file", "held_file", "stream_id", "number", "start", "end", "claims_until")
    return [
        HeldSegment(pk, file, held or name_link(pk), stream, number, claim_span(*times))
        for pk, file, held, stream, number, *times in segments.order_by("start").values_list(*names)
    ]


# One row at a time, each committed by itself: who locks several rows here could meet the index, which locks its batches
# in another order.
def _note_link(segment: HeldSegment) -> bool:
    row = Segment.objects.filter(pk=segment.pk, held_file__in=["", segment.link]).exclude(state=SegmentState.DELETING)
    return bool(row.update(held_file=segment.link, held_problem=""))


@transaction.atomic
def _drop_given_up(root: Path, segment: HeldSegment, now: datetime) -> None:
    """Take away the link of a segment whose row is being deleted or gone, and that no hold in force touches.

    What a hold touches stays: a row that is being deleted is given back to it, and where the row is gone, the link may
    be the last name of what MediaMTX's cleaner took.
    """
    take_turn_with_holds()
    is_kept = Segment.objects.filter(pk=segment.pk).exclude(state=SegmentState.DELETING).exists()
    if not is_kept and not _is_touched(segment, now):
        drop_link(root, segment.link)


def _is_touched(segment: HeldSegment, now: datetime) -> bool:
    if segment.span is None:
        return True
    touching = live_holds(now).filter(starts_at__lte=segment.span.end, ends_at__gte=segment.span.start)
    return touching.filter(camera=camera_id_from(segment.file.partition("/")[0])).exists()


@transaction.atomic
def _clear(segment: HeldSegment, now: datetime) -> bool:
    """Forget the link unless a hold came meanwhile; from then on the ring may take the segment."""
    take_turn_with_holds()
    row = Segment.objects.filter(pk=segment.pk, held_file=segment.link).exclude(is_held(now))
    return bool(row.update(held_file="", held_problem=""))


def _note(server: MediaServer, problems: dict[LinkProblem, list[int]]) -> None:
    for problem, pks in problems.items():
        rows = Segment.objects.filter(media_server=server, pk__in=pks).exclude(held_problem=problem)
        for pk in rows.values_list("pk", flat=True):
            Segment.objects.filter(pk=pk).update(held_problem=problem)


def _is_root_ours(server: MediaServer) -> bool:
    try:
        return find_root(server, may_mark=False) is Root.OURS
    except OSError:
        return False
