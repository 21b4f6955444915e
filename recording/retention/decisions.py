"""What is promised of footage, what goes when, and whose goes first when room is short: pure decisions, no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from recording.models import DeletionRule
from recording.retention.shares import Claim, divide_room
from recording.segments.decisions import ALARMING_ROWS

Key = TypeVar("Key")

DEFAULT_DAYS = 7
PLANS = (7, 15, 30)
LONGEST_DAYS = 3650
SMALLEST_QUOTA = 10**6
LARGEST_QUOTA = 10**18


@dataclass(frozen=True)
class Policy:
    """What is promised: kept `days` at least, gone after `max_days`, `quota_bytes` at most; None: no such rule."""

    days: int = DEFAULT_DAYS
    max_days: int | None = None
    quota_bytes: int | None = None


DEFAULT_POLICY = Policy()


@dataclass(frozen=True)
class AgeLimit:
    """What started before `before` goes, by this rule."""

    before: datetime
    rule: DeletionRule


@dataclass(frozen=True, slots=True)
class Candidate:
    """A closed segment that no hold touches."""

    pk: int
    camera_id: UUID
    city_id: UUID
    start: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A segment that is to go; `is_early`: before its promised days are over."""

    pk: int
    rule: DeletionRule
    is_early: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A segment that an earlier pass marked: by which rule, and whether that was early."""

    pk: int
    camera_id: UUID
    start: datetime
    rule: str
    is_early: bool
    file: str
    held_file: str


@dataclass(frozen=True)
class Footprint:
    """What a city has on a media server's disk: bytes in all, bytes that may go, and the camera-days promised to it."""

    used: int
    deletable: int
    camera_days: float


def choose_policy(of_camera: Policy | None, of_city: Policy | None) -> Policy:
    """Give the policy in force: the camera's own beats its city's, which beats the default."""
    return of_camera or of_city or DEFAULT_POLICY


def limit_age(policy: Policy, now: datetime) -> AgeLimit:
    """Give the moment before which footage goes; days count from a segment's start, as MediaMTX's do."""
    if policy.max_days is not None:
        return AgeLimit(now - timedelta(days=policy.max_days), DeletionRule.MAXIMUM)
    return AgeLimit(end_of_promise(policy, now), DeletionRule.AGE)


def end_of_promise(policy: Policy, now: datetime) -> datetime:
    """Give the moment from which on footage is promised to be there."""
    return now - timedelta(days=policy.days)


def is_early(start: datetime, policy: Policy, now: datetime) -> bool:
    """Say whether a segment that goes now goes before its promised days are over."""
    return start > end_of_promise(policy, now)


def is_promised_again(row: Marked, policy: Policy, now: datetime) -> bool:
    """Say whether a segment that was marked for its age is not old enough by the policy that is in force now."""
    return row.rule in {DeletionRule.AGE, DeletionRule.MAXIMUM} and row.start >= limit_age(policy, now).before


def is_early_by_now(row: Marked, policy: Policy, now: datetime) -> bool:
    """Say whether a marked segment that goes now goes early; what was outside every session was never promised."""
    return row.rule != DeletionRule.OUTSIDE and is_early(row.start, policy, now)


def take_oldest(candidates: Iterable[Candidate], excess: float) -> list[Candidate]:
    """Give the first of them, which come oldest first, until so many bytes go with them; none where there is none."""
    taken: list[Candidate] = []
    left = excess
    for candidate in candidates:
        if left <= 0:
            break
        taken.append(candidate)
        left -= candidate.size
    return taken


def choose(
    candidates: Iterable[Candidate], rule: DeletionRule, policies: Mapping[UUID, Policy], now: datetime
) -> list[Choice]:
    """Let them go by this rule, each marked where it goes before its camera's promised days are over."""
    return [
        Choice(each.pk, rule, is_early(each.start, policies.get(each.camera_id, DEFAULT_POLICY), now))
        for each in candidates
    ]


def share_loss(to_free: float, cities: Mapping[Key, Footprint]) -> dict[Key, float]:
    """Give the bytes each city must lose: who is over its share of what stays loses what is over.

    What a city holds counts as its own, and cannot go: where its excess is held, the others give the rest, by share
    too. All that may go goes where even that is too little.
    """
    first = _divide_loss(to_free, {key: (each.used, each.camera_days) for key, each in cities.items()})
    lost = {key: min(first[key], float(each.deletable)) for key, each in cities.items()}
    rest = {key: (each.deletable - lost[key], each.camera_days) for key, each in cities.items()}
    second = _divide_loss(to_free - sum(lost.values()), rest)
    return {key: min(lost[key] + second[key], float(each.deletable)) for key, each in cities.items()}


def is_mass_removal(outside: int, total: int) -> bool:
    """Say whether so much lies outside every session that the sessions are to be doubted, not the footage."""
    return outside >= ALARMING_ROWS and outside * 2 >= total


def _divide_loss(to_free: float, cities: Mapping[Key, tuple[float, float]]) -> dict[Key, float]:
    if to_free <= 0:
        return dict.fromkeys(cities, 0.0)
    room = sum(used for used, _days in cities.values()) - to_free
    shares = divide_room(room, {key: Claim(weight=days, need=used) for key, (used, days) in cities.items()})
    return {key: max(0.0, used - shares[key]) for key, (used, _days) in cities.items()}
