"""What each rule lets go from a media server's disk, oldest first; nothing is changed here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cameras.models import MediaServer
from recording.models import DeletionRule, Segment
from recording.retention.decisions import (
    Choice,
    Policy,
    choose,
    end_of_promise,
    is_mass_removal,
    limit_age,
    share_loss,
    take_oldest,
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
    started_before,
    unheld_bytes,
)
from recording.segments.decisions import ALARMING_ROWS

Policies = Mapping[UUID, Policy]


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


def choose_over_camera_quota(server: MediaServer, policies: Policies, now: datetime) -> list[Choice]:
    """Choose the oldest of each camera that has more than its own quota."""
    quotas = {camera_id: policy.quota_bytes for camera_id, policy in camera_policies().items()}
    return _choose_over(server, policies, now, [([camera], quota) for camera, quota in quotas.items() if quota])


def choose_over_city_quota(server: MediaServer, policies: Policies, now: datetime) -> list[Choice]:
    """Choose the oldest of each city that has more than its quota, all its cameras together."""
    quotas = {city_id: policy.quota_bytes for city_id, policy in city_policies().items()}
    cameras = cameras_by_city() if any(quotas.values()) else {}
    return _choose_over(
        server, policies, now, [(cameras.get(city, []), quota) for city, quota in quotas.items() if quota]
    )


def choose_beyond_promise(server: MediaServer, policies: Policies, now: datetime, missing: float) -> list[Choice]:
    """Choose, whoever's, the oldest of what is there although its promised days are over, up to so many bytes."""
    moments = {camera_id: end_of_promise(policy, now) for camera_id, policy in policies.items()}
    beyond = deletable(now).filter(started_before(moments), media_server=server)
    return choose(take_oldest(read_oldest(beyond), missing), DeletionRule.WATERMARK, policies, now)


def choose_by_share(server: MediaServer, policies: Policies, now: datetime, missing: float) -> list[Choice]:
    """Choose the oldest of the cities that are over their share, up to so many bytes."""
    choices: list[Choice] = []
    losses = share_loss(missing, measure_footprints(server.pk, policies, now))
    for city_id, loss in losses.items():
        if loss > 0:
            oldest = read_oldest(deletable(now).filter(city_id=city_id, media_server=server))
            choices += choose(take_oldest(oldest, loss), DeletionRule.WATERMARK, policies, now)
    return choices


def _choose_over(
    server: MediaServer, policies: Policies, now: datetime, quotas: Sequence[tuple[Sequence[UUID], int]]
) -> list[Choice]:
    """Choose the oldest of what is too much; what lies on another media server goes when that one's ring turns."""
    choices: list[Choice] = []
    for camera_ids, quota in quotas:
        excess = unheld_bytes(camera_ids, now) - quota
        if excess > 0:
            taken = take_oldest(read_oldest(deletable(now).filter(camera_id__in=camera_ids)), excess)
            here = on_server(server.pk, [each.pk for each in taken])
            choices += choose([each for each in taken if each.pk in here], DeletionRule.QUOTA, policies, now)
    return choices
