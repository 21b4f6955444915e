"""Which troubles hold, given the facts, and what that changes of the open alarms: pure decisions, no I/O.

Nothing here remembers: where an alarm should not close as soon as it could not be opened any more, the trouble is
given all the same with `opens=False`. So the same facts give the same troubles whatever is open.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from observers.alarms.facts import CameraFacts, Facts, Missing, ServerFacts, Share, Unmet
from observers.decisions import REACHABLE, UNREACHABLE
from observers.models import AlarmKind

MISSES = 3
"""Valid snapshots in a row without a camera, ten seconds apart, before it is told of."""

MISSES_IN_DOUBT = 4
"""The same while half of a server's cameras go: the snapshot after next may make one alarm of them all."""

MISSES_OF_RESTLESS = 12
"""The same for a camera that comes and goes, which another alarm says already: two minutes."""

MASS_CAMERAS = 10
MASS_SHARE = 0.5
"""So many cameras of a server, and so great a part of them, are one alarm; it stays while half of that is true."""

TRANSITIONS = 6
RESETS = 10
RESETS_TO_STAY = 5
UNREACHABLE_FOR = timedelta(seconds=25)
"""The third poll without a valid answer has begun by then."""

REACHABLE_FOR = timedelta(seconds=60)
STALE_AFTER = timedelta(seconds=60)
"""A snapshot older than this says nothing of now, even if the server was reachable: nobody observes."""

FORECAST_MARGIN = 1.05
REFRESH_AFTER = timedelta(seconds=55)
"""An open alarm is written again at most once a minute."""

DAY_SECONDS = 86_400

_OF_CAMERAS = frozenset(
    {
        AlarmKind.CAMERA_OFFLINE,
        AlarmKind.MASS_LOSS,
        AlarmKind.FLAPPING,
        AlarmKind.UNSTABLE_CLOCK,
        AlarmKind.FROZEN,
        AlarmKind.WISH_NOT_MET,
        AlarmKind.DAMAGED_FOOTAGE,
    }
)
"""Kinds that neither open nor close while their media server gives no answer."""

Key = tuple[str, UUID, UUID | None, int | None]


@dataclass(frozen=True)
class Trouble:
    """Something is wrong with a camera, or with a media server for a city; `facts` fill the sentence that says it.

    One that does not open an alarm keeps an open one open; without facts it leaves the sentence as it was.
    """

    kind: AlarmKind
    city_id: UUID
    server_id: int
    camera_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    opens: bool = True

    @property
    def key(self) -> Key:
        """What there is one open alarm of."""
        return (str(self.kind), self.city_id, self.camera_id, None if self.camera_id else self.server_id)


@dataclass(frozen=True)
class Verdict:
    """The troubles that hold, and the (kind, media server) of which nothing can be said now."""

    troubles: tuple[Trouble, ...]
    undecided: frozenset[tuple[str, int]]


@dataclass(frozen=True)
class OpenAlarm:
    """An alarm that is open; `server_id` is its camera's media server, or its own."""

    pk: int
    key: Key
    server_id: int
    last_seen_at: datetime
    camera_is_removed: bool = False


@dataclass(frozen=True)
class Changes:
    """What is to be written."""

    opening: tuple[Trouble, ...] = ()
    refreshing: tuple[tuple[int, Trouble], ...] = ()
    closing: tuple[int, ...] = ()


def decide(facts: Facts, now: datetime) -> Verdict:
    """Derive the troubles that hold now. A server that gives no answer leaves its cameras' alarms as they are."""
    known = {pk for pk, server in facts.servers.items() if is_known(server, now)}
    undecided = {(str(kind), pk) for pk in facts.servers if pk not in known for kind in _OF_CAMERAS}
    undecided |= {(str(AlarmKind.FROZEN), pk) for pk in facts.servers if pk not in facts.frozen_known}
    troubles = (trouble for trouble in _decide_cameras(facts) if trouble.server_id in known)
    return Verdict((*troubles, *_decide_servers(facts, now)), frozenset(undecided))


def compare(open_alarms: Iterable[OpenAlarm], verdict: Verdict, now: datetime) -> Changes:
    """Say which alarms open, which are seen again, and which close."""
    troubles = {trouble.key: trouble for trouble in verdict.troubles}
    known = {alarm.key: alarm for alarm in open_alarms}
    return Changes(
        opening=tuple(trouble for key, trouble in troubles.items() if trouble.opens and key not in known),
        refreshing=tuple(
            (alarm.pk, troubles[key]) for key, alarm in known.items() if key in troubles and _is_due(alarm, now)
        ),
        closing=tuple(
            alarm.pk for key, alarm in known.items() if key not in troubles and _may_close(alarm, verdict.undecided)
        ),
    )


def is_known(server: ServerFacts, now: datetime) -> bool:
    """Say whether what we know of the server's cameras is of now."""
    fresh = server.snapshot_at is not None and now - server.snapshot_at < STALE_AFTER
    return server.reach == REACHABLE and fresh


def is_mass(count: int, total: int) -> bool:
    """Say whether so many of so many cameras are one trouble rather than each its own."""
    return count >= MASS_CAMERAS and count >= total * MASS_SHARE


def is_half_a_mass(count: int, total: int) -> bool:
    """Say whether it still is, after it was."""
    return is_mass(2 * count, total)


def _is_due(alarm: OpenAlarm, now: datetime) -> bool:
    # A sight out of the future was written before the clock was set back.
    return not timedelta(0) <= now - alarm.last_seen_at < REFRESH_AFTER


def _may_close(alarm: OpenAlarm, undecided: frozenset[tuple[str, int]]) -> bool:
    return alarm.camera_is_removed or (alarm.key[0], alarm.server_id) not in undecided


def _decide_cameras(facts: Facts) -> Iterator[Trouble]:
    wanted = _Shares(facts.shares, recording=False)
    recording = _Shares(facts.shares, recording=True)
    restless = [_count(AlarmKind.FLAPPING, each, opens=each.count >= TRANSITIONS) for each in facts.restless]
    very_restless = {each.camera_id for each in facts.restless if each.count >= TRANSITIONS}
    offline = list(_decide_offline(facts.missing, wanted, very_restless))
    unmet = list(_decide_unmet(facts, offline))
    resets = [_count(AlarmKind.UNSTABLE_CLOCK, each, opens=each.count > RESETS) for each in facts.resets]
    frozen = [Trouble(AlarmKind.FROZEN, each.city_id, each.server_id, each.camera_id) for each in facts.frozen]
    damaged = [_count(AlarmKind.DAMAGED_FOOTAGE, each) for each in facts.damaged]
    yield from offline
    yield from _fold(unmet, recording)
    for troubles in (restless, resets, frozen, damaged):
        yield from _fold(troubles, wanted)


class _Shares:
    """How many cameras a server has in all, and of each city."""

    def __init__(self, shares: Iterable[Share], *, recording: bool) -> None:
        self.of_city = {(each.server_id, each.city_id): each.recording if recording else each.wanted for each in shares}
        self.of_server: Counter[int] = Counter()
        for (server_id, _city_id), count in self.of_city.items():
            self.of_server[server_id] += count


def _count(kind: AlarmKind, camera: CameraFacts, *, opens: bool = True) -> Trouble:
    return Trouble(kind, camera.city_id, camera.server_id, camera.camera_id, {"count": camera.count}, opens)


def _decide_offline(missing: Iterable[Missing], wanted: _Shares, restless: set[UUID]) -> Iterator[Trouble]:
    for server_id, cameras in _by_server(missing).items():
        lost = [each for each in cameras if each.misses >= MISSES]
        total = wanted.of_server[server_id]
        are_many = is_mass(len(lost), total)
        least = MISSES_IN_DOUBT if is_mass(len(cameras), total) else MISSES
        for each in cameras:
            enough = max(least, MISSES_OF_RESTLESS) if each.camera_id in restless else least
            yield Trouble(
                AlarmKind.CAMERA_OFFLINE,
                each.city_id,
                server_id,
                each.camera_id,
                {"since": each.since.isoformat()},
                opens=not are_many and each.misses >= enough,
            )
        yield from _tell_many(AlarmKind.MASS_LOSS, server_id, [each.city_id for each in lost], wanted)


def _decide_unmet(facts: Facts, offline: Iterable[Trouble]) -> Iterator[Trouble]:
    """A camera that is merely offline is told of as soon as that is; after a restart publishers get their time."""
    told = {each.camera_id: each.opens for each in offline}
    frozen = {each.camera_id for each in facts.frozen}
    for each in facts.unmet:
        server = facts.servers[each.server_id]
        why = choose_cause(each, server, is_frozen=each.camera_id in frozen)
        opens = server.grace_until is None and (each.is_online or told.get(each.camera_id, True))
        about = {"since": each.since.isoformat(), "why": why}
        yield Trouble(AlarmKind.WISH_NOT_MET, each.city_id, each.server_id, each.camera_id, about, opens)


def choose_cause(unmet: Unmet, server: ServerFacts, *, is_frozen: bool) -> str:
    """Give the machine word for why a camera is not recorded: the first of what is known to prevent it."""
    causes = {
        "recording_refused": server.refuses_since is not None,
        "camera_offline": not unmet.is_online,
        "disk_full": server.is_disk_full,
        "config_not_applied": server.is_config_stale,
        "frozen": is_frozen,
    }
    return next((cause for cause, holds in causes.items() if holds), "unknown")


def _fold(troubles: list[Trouble], shares: _Shares) -> Iterator[Trouble]:
    """Make one trouble of the server, for each city concerned, of the same one of many of its cameras."""
    for server_id, group in _by_server(troubles).items():
        opening = [each for each in group if each.opens]
        are_many = is_mass(len(opening), shares.of_server[server_id])
        yield from (replace(each, opens=False) if are_many else each for each in group)
        why = Counter(each.facts["why"] for each in opening if "why" in each.facts).most_common(1)
        about = {"why": why[0][0]} if why else {}
        yield from _tell_many(group[0].kind, server_id, [each.city_id for each in opening], shares, **about)


def _tell_many(kind: AlarmKind, server_id: int, cities: list[UUID], shares: _Shares, **about: str) -> Iterator[Trouble]:
    total = shares.of_server[server_id]
    if not is_half_a_mass(len(cities), total):
        return
    opens = is_mass(len(cities), total)
    for city_id, count in Counter(cities).items():
        of = shares.of_city.get((server_id, city_id), count)
        yield Trouble(kind, city_id, server_id, None, {"count": count, "of": of, **about}, opens)


def _by_server(items: Iterable[Any]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for item in items:
        groups[item.server_id].append(item)
    return groups


def _decide_servers(facts: Facts, now: datetime) -> Iterator[Trouble]:
    for share in facts.shares:
        yield from _decide_share(share, facts.servers[share.server_id], now)
    for early in facts.early:
        about = {"segments": early.segments, "cameras": early.cameras}
        yield Trouble(AlarmKind.EARLY_DELETION, early.city_id, early.server_id, facts=about)
    for stuck in facts.undeletable:
        yield Trouble(AlarmKind.DELETION_FAILS, stuck.city_id, stuck.server_id, facts={"count": stuck.segments})


def _decide_share(share: Share, server: ServerFacts, now: datetime) -> Iterator[Trouble]:
    def tell(kind: AlarmKind, *, opens: bool = True, **about: Any) -> Trouble:
        return Trouble(kind, share.city_id, server.pk, None, about, opens)

    changed_at = server.reach_changed_at or now
    if server.reach == UNREACHABLE:
        opens = now - changed_at >= UNREACHABLE_FOR
        yield tell(AlarmKind.SERVER_UNREACHABLE, opens=opens, since=changed_at.isoformat())
    elif server.reach == REACHABLE and now - changed_at < REACHABLE_FOR:
        yield tell(AlarmKind.SERVER_UNREACHABLE, opens=False)
    if server.is_in_doubt:
        yield tell(AlarmKind.FOOTAGE_IN_DOUBT)
    if server.refuses_since is not None:
        yield tell(AlarmKind.ONLY_HELD_LEFT, since=server.refuses_since.isoformat())
    yield from _decide_promise(share, server, tell)


def _decide_promise(share: Share, server: ServerFacts, tell: Any) -> Iterator[Trouble]:
    """Name to a city only its own promise; where it has no forecast yet, the longest of the server counts unnamed."""
    promised = share.promised_days or server.promised_days or 0
    if share.yields_days is not None and share.yields_days < promised * FORECAST_MARGIN:
        about = {"yields": round(share.yields_days, 1), "promised": promised}
        yield tell(AlarmKind.DISK_FORECAST, opens=share.yields_days < promised, **about)
    if 0 < (server.delete_after_seconds or 0) < promised * DAY_SECONDS:
        yield tell(AlarmKind.PROMISE_BROKEN, days=round((server.delete_after_seconds or 0) / DAY_SECONDS, 1))
