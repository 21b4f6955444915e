"""What each rule lets go from a media server's disk, oldest first; nothing is changed here."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from cameras.models import MediaServer
from recording.models import DeletionRule, Segment
from recording.retention import pace
from recording.retention.decisions import (
    Candidate,
    Choice,
    Policy,
    choose,
    end_of_promise,
    is_mass_removal,
    limit_age,
    share_loss,
)
from recording.retention.queries import (
    camera_policies,
    cameras_by_city,
    city_policies,
    deletable,
    find_outside,
    measure_footprints,
    on_server,
    read_oldest,
    read_oldest_bytes,
    started_before,
    unheld_bytes,
)
from recording.segments.decisions import ALARMING_ROWS

Policies = Mapping[UUID, Policy]


@dataclass(frozen=True)
class _Quota:
    """So many bytes for a camera or a city: the index of cameras sums them, `segments` finds the oldest by another."""

    owner: UUID
    bytes: int
    cameras: Sequence[UUID]
    segments: Q


class Excess(NamedTuple):
    """What goes because it is over quotas; `work` may rest when it is gone, "" where it may not (see `pace`).

    `seconds`: so long it took to sum.
    """

    choices: list[Choice]
    work: str = ""
    seconds: float = 0.0


def choose_outside(server: MediaServer) -> tuple[list[Choice], str]:
    """Choose what no recording session touches; nothing, and why, where that is so much that sessions must be lost."""
    found = find_outside(server.pk)
    total = Segment.objects.filter(media_server=server).count() if len(found) >= ALARMING_ROWS else 0
    if is_mass_removal(len(found), total):
        return [], (
            f"{len(found)} of {total} segments lie outside every recording session; none of them is deleted before its "
            "days are over. Was the database restored from a backup?"
        )
    return [Choice(pk, DeletionRule.OUTSIDE, is_early=False) for pk in found], ""


def choose_aged(server: MediaServer, policies: Policies, now: datetime) -> list[Choice]:
    """Choose what is older than its camera's policy keeps."""
    limits = {camera_id: limit_age(policy, now) for camera_id, policy in policies.items()}
    choices: list[Choice] = []
    for rule in (DeletionRule.MAXIMUM, DeletionRule.AGE):
        moments = {camera_id: limit.before for camera_id, limit in limits.items() if limit.rule == rule}
        due = deletable(now).filter(started_before(moments), media_server=server)
        choices += choose(read_oldest(due), rule, policies, now)
    return choices


def choose_over_camera_quota(server: MediaServer, policies: Policies, now: datetime) -> Excess:
    """Choose the oldest of each camera that has more than its own quota."""
    quotas = [
        _Quota(camera_id, policy.quota_bytes, [camera_id], Q(camera_id=camera_id))
        for camera_id, policy in camera_policies().items()
        if policy.quota_bytes
    ]
    return _choose_over(server, policies, now, quotas)


def choose_over_city_quota(server: MediaServer, policies: Policies, now: datetime) -> Excess:
    """Choose the oldest of each city that has more than its quota, all its cameras together."""
    limits = {city_id: policy.quota_bytes for city_id, policy in city_policies().items() if policy.quota_bytes}
    cameras = cameras_by_city() if limits else {}
    quotas = [_Quota(city, limit, cameras.get(city, []), Q(city_id=city)) for city, limit in limits.items()]
    return _choose_over(server, policies, now, quotas)


def choose_beyond_promise(server: MediaServer, policies: Policies, now: datetime, missing: float) -> list[Choice]:
    """Choose, whoever's, the oldest of what is there although its promised days are over, up to so many bytes."""
    moments = {camera_id: end_of_promise(policy, now) for camera_id, policy in policies.items()}
    beyond = deletable(now).filter(started_before(moments), media_server=server)
    return choose(read_oldest_bytes(beyond, missing), DeletionRule.WATERMARK, policies, now)


def choose_by_share(server: MediaServer, policies: Policies, now: datetime, missing: float) -> list[Choice]:
    """Choose the oldest of the cities that are over their share, up to so many bytes."""
    choices: list[Choice] = []
    losses = share_loss(missing, measure_footprints(server.pk, policies, now))
    for city_id, loss in losses.items():
        if loss > 0:
            rows = deletable(now).filter(city_id=city_id, media_server=server)
            choices += choose(read_oldest_bytes(rows, loss), DeletionRule.WATERMARK, policies, now)
    return choices


def _choose_over(server: MediaServer, policies: Policies, now: datetime, quotas: Sequence[_Quota]) -> Excess:
    """Choose the oldest of what is too much; what lies on another media server goes when that one's ring turns."""
    work = pace.name_work(server.pk, [(quota.owner, quota.bytes) for quota in quotas])
    if not quotas or not pace.is_due(work):
        return Excess([])
    began = time.monotonic()
    kept = unheld_bytes([camera for quota in quotas for camera in quota.cameras], now)
    seconds = time.monotonic() - began
    taken, is_all = _take_excess(quotas, kept, now)
    here = on_server(server.pk, [each.pk for each in taken]) if taken else set()
    choices = choose([each for each in taken if each.pk in here], DeletionRule.QUOTA, policies, now)
    return Excess(choices, work if is_all else "", seconds)


def _take_excess(quotas: Sequence[_Quota], kept: Mapping[UUID, int], now: datetime) -> tuple[list[Candidate], bool]:
    """Give the oldest of what each keeps beyond its quota, and whether that is all of it."""
    found, is_all = list[Candidate](), True
    for quota in quotas:
        excess = sum(kept.get(camera, 0) for camera in quota.cameras) - quota.bytes
        if excess > 0:
            taken = read_oldest_bytes(deletable(now).filter(quota.segments), excess)
            is_all = is_all and sum(each.size for each in taken) >= excess
            found += taken
    return found, is_all
