"""Two cities with something of everything in each: what the tests that look for leaks put into the tables."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cameras.models import Camera, CameraGroup, GroupedCamera
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, City, Membership, Role, User
from cities.scope import every_city
from cities.tokens import make_token
from footage.packing import pack_fragments
from footage.reader import Fragment
from mosaics.models import Mosaic, MosaicTile
from observers.models import Alarm
from recording.models import Forecast, Gap, Hold, RecordingSession, Segment
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import seal_deletion_records
from recording.services import switch_recording
from streams.services import wish_stream
from tests.world import NOW, World

HALF_AN_HOUR = timedelta(minutes=30)
OWN_DAYS_AGO, FOREIGN_DAYS_AGO = 20, 10
BYTES = {"Market square": 27_182_818_284, "Secret harbour": 31_415_926_535}


@dataclass(frozen=True)
class Caller:
    """A manager of a city with a real token, the ids of his city, and what no answer to him may hold."""

    user: User
    city: City
    token: str
    ids: dict[str, str]
    foreign_ids: dict[str, str]
    secrets: tuple[str, ...]

    @property
    def headers(self) -> dict[str, str]:
        """What a program of his sends."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-City-ID": str(self.city.pk),
            "X-User-ID": str(self.user.pk),
            "Accept": "application/json",
        }


def furnish(world: World) -> tuple[Caller, Caller]:
    """Put a row of everything into both cities, and give a caller of each with a token that lasts a day."""
    with every_city("a test's world spans the cities"):
        ours = _furnish_city(world.camera, OWN_DAYS_AGO)
        theirs = _furnish_city(world.foreign_camera, FOREIGN_DAYS_AGO)
    return (
        _make_caller(world.owner, world.city, ours, theirs, _secrets_of(world.foreign_camera, theirs)),
        _make_caller(world.stranger, world.other_city, theirs, ours, _secrets_of(world.camera, ours)),
    )


def as_auditor(caller: Caller) -> Caller:
    """Give an auditor of the caller's city, who knows the same ids and must not learn the same secrets."""
    user = User.objects.create_user(f"auditor of {caller.city.name}", password="a long password")
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=user, city=caller.city, role=Role.AUDITOR)
    return replace(caller, user=user, token=make_token(user, lasts=timedelta(days=1)))


def _make_caller(user: User, city: City, own: dict[str, str], foreign: dict[str, str], secrets: Any) -> Caller:
    token = make_token(user, lasts=timedelta(days=1))
    return Caller(user=user, city=city, token=token, ids=own, foreign_ids=foreign, secrets=tuple(secrets))


def _secrets_of(camera: Camera, ids: dict[str, str]) -> list[str]:
    return [
        *(str(camera.pk), str(camera.city_id), ids["hold_id"], ids["mosaic_id"], ids["group_id"]),
        *(camera.name, camera.city.name, camera.source_url, str(BYTES[camera.name])),
        *(["hunter2", camera.source_credentials] if camera.source_credentials else []),
    ]


def _furnish_city(camera: Camera, days_ago: int) -> dict[str, str]:
    wish_stream(camera, now=NOW)
    switch_recording(camera, on=True, by=None, now=NOW)
    about = {"camera": camera, "city": camera.city}
    alarm = Alarm.objects.create(**about, kind="camera_offline", detail="{}", opened_at=NOW, last_seen_at=NOW)
    Gap.objects.create(**about, start=NOW, cause="unknown")
    hold = Hold.objects.create(
        **about, starts_at=NOW - HALF_AN_HOUR, ends_at=NOW, reason=f"Why {camera.name} is held", created_at=NOW
    )
    mosaic = Mosaic.objects.create(
        city=camera.city, name=f"Wall of {camera.name}", rows=1, columns=1, created_at=NOW, updated_at=NOW
    )
    MosaicTile.objects.create(mosaic=mosaic, **about, position=0)
    group = CameraGroup.objects.create(city=camera.city, name=f"Group of {camera.name}")
    GroupedCamera.objects.create(group=group, **about)
    _add_footage(camera)
    _forecast(camera)
    day = _delete_some(camera, days_ago)
    note_deed(camera.city_id, Deed(AuditAction.AUDIT_READ, None, NOW))
    return {
        "camera_id": str(camera.pk),
        "city_id": str(camera.city_id),
        "alarm_id": str(alarm.pk),
        "hold_id": str(hold.pk),
        "mosaic_id": str(mosaic.pk),
        "group_id": str(group.pk),
        "day": day,
        "camera_ids": str(camera.pk),
    }


def _add_footage(camera: Camera) -> None:
    RecordingSession.objects.create(
        camera=camera,
        city=camera.city,
        stream_id=camera.stream_id,
        status="OFF",
        started_at=NOW - 2 * HALF_AN_HOUR,
        ended_at=NOW,
        storage_path="/recordings",
    )
    Segment.objects.create(
        camera=camera,
        city=camera.city,
        media_server=camera.media_server,
        start=NOW - HALF_AN_HOUR,
        end=NOW,
        size=1,
        whole_bytes=1,
        file=f"{camera.stream_id}/2026-01-27_11-30-00-000000.mp4",
        state="ready",
        fragments=pack_fragments([Fragment(1000, 1000, timedelta(), HALF_AN_HOUR, True, 900)]),
        indexed_at=NOW,
    )


def _forecast(camera: Camera) -> None:
    sizes = dict.fromkeys(["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes"], BYTES[camera.name])
    about = {"city": camera.city, "media_server": camera.media_server}
    Forecast.objects.create(**about, promised_days=7, measured_at=NOW, **sizes)


def _delete_some(camera: Camera, days_ago: int) -> str:
    moment = NOW - timedelta(days=days_ago)
    note_deletions([Deleted(camera.pk, camera.city_id, moment, moment, 1, "age", is_early=False)], moment)
    seal_deletion_records(moment + timedelta(days=2))
    return str(moment.date())
