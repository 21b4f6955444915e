"""Which stretches without footage are gaps, and why: pure decisions, the same inputs give the same ledger.

Everything decided about a moment depends on what lies within CONTEXT of it (damage: within the longest segment), so any
window can be computed by itself: windows laid side by side give what one over all of them gives.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from footage.holes import LONGEST_PAUSE
from recording.gaps.spans import FOREVER, Span, find_touching, subtract, unite
from recording.models import GapCause
from recording.states import SegmentState
from recording.writing import FRESH, LONGEST_SEGMENT

JOINT = timedelta(seconds=1)
"""Consecutive segments meet within a few frames; no stretch as short as this is a gap."""

NUMBERED_JOINT = LONGEST_PAUSE
"""The same where MediaMTX's own numbers say that nothing was written in between, as inside a file: a camera of slow
frames."""

FIRST_PICTURE = timedelta(seconds=10)
"""A recorder begins at the next key frame, and its first file shows with the first fragment of 4 s."""

LAG = timedelta(seconds=60)
"""So long may it take until an outage is noticed and, after it, until footage grows again."""

NEARBY = timedelta(seconds=15)
"""So far apart may an outage and the hole it tore seem: footage keeps the camera's pace, outages keep our clock.

Seen at a kill -9 of MediaMTX v1.20.1: a camera's last fragment ended 1.2 s after the snapshot that showed it back."""

CONTEXT = timedelta(minutes=5)
"""What lies around a window and decides within it: more than LAG, NEARBY, FIRST_PICTURE and the joints together."""

PRECEDENCE = (
    GapCause.SERVER_DOWN,
    GapCause.DISK_FULL,
    GapCause.STREAM_REFUSED,
    GapCause.CAMERA_OFFLINE,
    GapCause.INGEST_DOWN,
    GapCause.DAMAGED,
)
"""Where several causes hold at once, the first here is told: what lies nearest to the disk. What a rule deleted was
recorded, and needs none of them."""

_USABLE = frozenset({SegmentState.OPEN.value, SegmentState.READY.value})
_GOING = SegmentState.DELETING.value
"""A rule has chosen it, and where its disk refuses that takes days: it is told as what is gone already."""


@dataclass(frozen=True, slots=True)
class SegmentFact:
    """What the ledger asks of a segment; in its `holes` it has no picture. A damaged one is so until it is gone."""

    start: datetime
    end: datetime
    state: str
    stream_id: UUID | None = None
    number: int | None = None
    holes: Sequence[Span] = ()


@dataclass(frozen=True)
class Facts:
    """What is known of one camera: when footage was wished, what there is, and what kept it from being there.

    What is open ends at FOREVER. `causes` holds what was observed; damage is told by the segments, those that are gone
    included. `deleted`: what footage was there until a rule took it, with its joints.
    """

    sessions: Sequence[Span] = ()
    segments: Sequence[SegmentFact] = ()
    causes: Mapping[GapCause, Sequence[Span]] = field(default_factory=dict)
    deleted: Sequence[Span] = ()


@dataclass(frozen=True, slots=True, order=True)
class GapFact:
    """A gap; one that lasts ends at FOREVER."""

    start: datetime
    end: datetime
    cause: GapCause


def horizon_of(now: datetime) -> datetime:
    """Give the moment up to which missing footage is missing: what is younger may not be known yet."""
    return now - FRESH


def find_gaps(facts: Facts, window: Span, now: datetime) -> list[GapFact]:
    """Give the gaps within the window, cut at its edges; one that reaches the youngest footage lasts on."""
    horizon = horizon_of(now)
    context = Span(min(window.start, horizon) - CONTEXT, min(min(window.end, horizon) + CONTEXT, horizon))
    footage = join_footage(facts.segments)
    goes = any(segment.state == _GOING for segment in facts.segments)
    recorded = unite([*(join_footage(facts.segments, _USABLE | {_GOING}) if goes else footage), *facts.deleted])
    never = find_missing(facts.sessions, recorded, context)
    missing = find_missing(facts.sessions, footage, context) if goes or facts.deleted else never
    causes = _gather_causes(facts, recorded)
    pieces = [piece for stretch in never for piece in explain(stretch, causes)]
    # What was missing before footage was deleted is missing as before; only the rest is the deletion's.
    gone = (part for stretch in missing for part in subtract(stretch, never))
    pieces = merge([*pieces, *(GapFact(part.start, part.end, GapCause.DELETED) for part in gone)])
    lasting = (GapFact(each.start, FOREVER if each.end == horizon else each.end, each.cause) for each in pieces)
    return [cut for each in lasting if (cut := _clip(each, window))]


def join_footage(segments: Iterable[SegmentFact], states: Container[str] = _USABLE) -> list[Span]:
    """Give the time that segments in these states cover, without their holes, joined where they follow each other."""
    joined: list[Span] = []
    last: SegmentFact | None = None
    found = (segment for segment in segments if segment.state in states and segment.end > segment.start)
    parts = (part for segment in found for part in _cut_at_holes(segment))
    for segment in sorted(parts, key=lambda each: (each.start, each.end)):
        if last and segment.start - joined[-1].end <= _joint_between(last, segment):
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, segment.end))
        else:
            joined.append(Span(segment.start, segment.end))
        if last is None or segment.end >= last.end:
            last = segment
    return joined


def find_missing(sessions: Iterable[Span], footage: Sequence[Span], context: Span) -> list[Span]:
    """Give the stretches within the context in which footage was wished, none is there, and that is worth a word."""
    missing = []
    for wished in unite(sessions):
        seen = wished.clip(context)
        for stretch in subtract(seen, footage) if seen else []:
            patience = FIRST_PICTURE if stretch.start == wished.start else JOINT
            if stretch.length > patience:
                missing.append(stretch)
    return missing


def explain(stretch: Span, causes: Mapping[GapCause, Sequence[Span]]) -> list[GapFact]:
    """Cut a stretch by its causes; what is left belongs to its neighbour if it is short, else it is unknown.

    A short stretch that no cause touches belongs to one that all but touches it.
    """
    pieces: list[tuple[Span, GapCause | None]] = []
    left = [stretch]
    for cause in PRECEDENCE:
        spans = causes.get(cause, ())
        pieces += [(part, cause) for each in left for other in find_touching(spans, each) if (part := each.clip(other))]
        left = [part for each in left for part in subtract(each, spans)]
    near = None if pieces or stretch.length > LAG else _find_nearby(stretch, causes)
    pieces += [(part, near) for part in left]
    return merge(_settle_remainders(sorted(pieces, key=lambda piece: piece[0].start)))


def merge(gaps: Iterable[GapFact]) -> list[GapFact]:
    """Give gaps in order, one where several of a cause follow each other without a break."""
    merged: list[GapFact] = []
    for gap in sorted(gaps):
        if merged and merged[-1].end == gap.start and merged[-1].cause == gap.cause:
            merged[-1] = GapFact(merged[-1].start, gap.end, gap.cause)
        else:
            merged.append(gap)
    return merged


def stitch(stored: Iterable[GapFact], computed: Iterable[GapFact], window: Span) -> list[GapFact]:
    """Give the ledger in which the window's part is the computed one and everything else stays as stored."""
    before, after = Span(datetime.min.replace(tzinfo=window.start.tzinfo), window.start), Span(window.end, FOREVER)
    kept = [part for gap in stored for side in (before, after) if (part := _clip(gap, side))]
    return merge([*kept, *computed])


def _cut_at_holes(segment: SegmentFact) -> Iterable[SegmentFact]:
    if not segment.holes:
        return [segment]
    left = subtract(Span(segment.start, segment.end), unite(segment.holes))
    return [replace(segment, start=part.start, end=part.end, holes=()) for part in left]


def _joint_between(last: SegmentFact, segment: SegmentFact) -> timedelta:
    if last.stream_id is None or last.number is None or last.stream_id != segment.stream_id:
        return JOINT
    return NUMBERED_JOINT if segment.number == last.number + 1 else JOINT


def _gather_causes(facts: Facts, recorded: Sequence[Span]) -> dict[GapCause, list[Span]]:
    causes = {cause: unite(spans) for cause, spans in facts.causes.items()}
    damage = [*facts.causes.get(GapCause.DAMAGED, ()), *_find_damage(facts.segments, recorded)]
    return causes | {GapCause.DAMAGED: unite(damage)}


def _find_damage(segments: Iterable[SegmentFact], footage: Sequence[Span]) -> Iterable[Span]:
    """Give what damaged files explain: from where each began up to the next footage, no longer than a file can be."""
    for segment in segments:
        if segment.state == SegmentState.DAMAGED:
            reach = Span(segment.start, segment.start + LONGEST_SEGMENT)
            following = next(find_touching(footage, reach), None)
            yield Span(segment.start, following.start if following else reach.end)


def _find_nearby(stretch: Span, causes: Mapping[GapCause, Sequence[Span]]) -> GapCause | None:
    """Give the cause that all but touches the stretch; damage is exact, and touches or does not."""
    wide = Span(stretch.start - NEARBY, stretch.end + NEARBY)
    observed = (cause for cause in PRECEDENCE if cause != GapCause.DAMAGED)
    return next((cause for cause in observed if any(find_touching(causes.get(cause, ()), wide))), None)


def _settle_remainders(pieces: list[tuple[Span, GapCause | None]]) -> list[GapFact]:
    settled: list[GapFact] = []
    for index, (span, cause) in enumerate(pieces):
        before = pieces[index - 1][1] if index else None
        after = pieces[index + 1][1] if index + 1 < len(pieces) else None
        near = (before or after) if span.length <= LAG else None
        settled.append(GapFact(span.start, span.end, cause or near or GapCause.UNKNOWN))
    return settled


def _clip(gap: GapFact, window: Span) -> GapFact | None:
    span = Span(gap.start, gap.end).clip(window)
    return GapFact(span.start, span.end, gap.cause) if span else None
