"""A world in which both cities have one of everything: data that could leak."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4, uuid5

from django.utils import timezone

from cameras.credentials import seal_text
from cameras.models import Camera, CameraGroup, GroupedCamera
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction, City, Membership, Role, User
from cities.scope import every_city
from footage.packing import pack_fragments
from footage.reader import Fragment
from inventory.models import Errand
from mosaics.models import Mosaic, MosaicTile
from observers.models import Alarm
from recording.models import Forecast, Gap, Hold, RecordingSession, RecordingStatus, RetentionPolicy, Segment
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import seal_deletion_records
from recording.services import switch_recording
from streams.models import Stream
from streams.services import wish_stream
from tests.matrix.operations import Operation
from tests.world import NOW, World, make_world

UNKNOWN_ID = "5b5a1c1e-0000-4000-8000-00000000dead"
FOREIGN_BYTES = 31_415_926_535
OWN_GROUP, FOREIGN_GROUP = "5b5a1c1e-0000-4000-8000-000000000001", "5b5a1c1e-0000-4000-8000-000000000002"
OWN_DAY, FOREIGN_DAY = NOW - timedelta(days=20), NOW - timedelta(days=10)
OWN_ALARM, FOREIGN_ALARM, UNKNOWN_ALARM = 7_000_001, 7_000_002, 7_000_003


@dataclass
class FullWorld(World):
    """The world of every test, with auditors of both cities and an administrator who is no member of either."""

    auditor: User
    foreign_auditor: User
    administrator: User

    def of_role(self, role: str) -> User:
        """Give the member of our city with this role."""
        people = {"viewer": self.viewer, "operator": self.operator, "manager": self.owner, "auditor": self.auditor}
        return people[role]

    def who_may(self, operation: Operation) -> User:
        """Give a member of our city who may do this: the manager, or the auditor where managers may not."""
        return self.owner if operation.allows("manager") else self.auditor

    def stranger_who_may(self, operation: Operation) -> User:
        """Give the like of the other city."""
        return self.stranger if operation.allows("manager") else self.foreign_auditor


def build_full_world() -> FullWorld:
    """Build it; wants a database."""
    world = make_world()
    auditor, foreign_auditor = (User.objects.create_user(name) for name in ("auditor", "foreign_auditor"))
    administrator = User.objects.create_superuser("administrator")
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=auditor, city=world.city, role=Role.AUDITOR)
        Membership.objects.create(user=foreign_auditor, city=world.other_city, role=Role.AUDITOR)
        for camera in (world.camera, world.foreign_camera):
            _fill(camera, camera.city)
        for person in User.objects.all():
            city = world.other_city if "stranger" in person.username or "foreign" in person.username else world.city
            make_errands(person, city)
    return FullWorld(**vars(world), auditor=auditor, foreign_auditor=foreign_auditor, administrator=administrator)


def _fill(camera: Camera, city: City) -> None:
    wish_stream(camera, now=NOW)
    switch_recording(camera, on=True, by=None, now=NOW)
    make_alarm(camera)
    forecast(camera)
    delete_some(camera, OWN_DAY if camera.name == "Market square" else FOREIGN_DAY)
    add_footage(camera)
    add_hold(camera)
    add_mosaic(camera)
    add_group(camera)
    Gap.objects.create(camera=camera, city_id=camera.city_id, start=NOW, cause="unknown")
    note_deed(city.pk, Deed(AuditAction.CAMERA_ADDED, None, NOW, reason=f"Why {camera.name} is there"))


ERRANDS: dict[str, dict[str, Any]] = {
    "connection": {"ok": False, "problem": "No."},
    "discovery": {"problem": "", "devices": [{"address": "10.0.0.9", "service": "http://10.0.0.9/", "name": "Gate"}]},
    "stream_address": {"ok": False, "problem": "No."},
    "import": {"digest": "", "steps": [], "shown": [], "counts": {"new": 0, "changed": 0, "same": 0}},
    "switch": {"on": True, "outcomes": []},
}


def make_errands(person: User, city: City) -> None:
    """Have a person ask for one of each; all but what is to be confirmed or taken back is done."""
    begun, now = timezone.now(), timezone.now()
    for kind, content in ERRANDS.items():
        Errand.objects.create(
            city=city,
            by=person,
            kind=kind,
            content=seal_text(json.dumps(content)),
            made_at=begun,
            expires_at=now + timedelta(hours=1),
            done_at=None if kind in {"import", "switch"} else now,
        )


def errand_of(user_id: int | None, kind: str) -> str:
    """Give the id of what a person asked; of the first of all for who is nobody."""
    with every_city("a test's world spans the cities"):
        found = Errand.objects.filter(kind=kind)
        return str((found.filter(by=user_id).first() or found.order_by("made_at")[0]).pk)


def make_alarm(camera: Camera) -> None:
    numbers = {"Market square": OWN_ALARM, "Secret harbour": FOREIGN_ALARM}
    about = {"city_id": camera.city_id, "opened_at": NOW, "last_seen_at": NOW}
    Alarm.objects.create(pk=numbers.get(camera.name), camera=camera, kind="camera_offline", detail="{}", **about)


def forecast(camera: Camera) -> None:
    number = int(camera.name == "Secret harbour")
    sizes = dict.fromkeys(["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes"], FOREIGN_BYTES * number)
    Forecast.objects.create(
        city=camera.city, media_server=camera.media_server, promised_days=7, measured_at=NOW, **sizes
    )


def delete_some(camera: Camera, moment: datetime) -> None:
    """Have the day's deletions of a camera written down and sealed."""
    gone = Deleted(camera.pk, camera.city_id, moment, moment, 1, "age", is_early=False)
    note_deletions([gone], moment)
    seal_deletion_records(moment + 2 * timedelta(days=1))


def add_footage(camera: Camera) -> None:
    """Have half an hour of footage, wished and there."""
    RecordingSession.objects.create(
        camera=camera,
        city=camera.city,
        stream_id=camera.stream_id,
        status=RecordingStatus.OFF,
        started_at=NOW - timedelta(minutes=30),
        ended_at=NOW,
    )
    Segment.objects.create(
        camera=camera,
        city=camera.city,
        media_server=camera.media_server,
        start=NOW - timedelta(minutes=30),
        end=NOW,
        size=1,
        whole_bytes=1,
        file=f"{camera.stream_id}/2026-01-27_11-30-00-000000.mp4",
        state="ready",
        indexed_at=NOW,
        fragments=pack_fragments([Fragment(700, 300, timedelta(), timedelta(minutes=30), is_key=True, sample_bytes=1)]),
    )


def add_hold(camera: Camera) -> Hold:
    return Hold.objects.create(
        camera=camera,
        city=camera.city,
        starts_at=NOW - timedelta(minutes=30),
        ends_at=NOW,
        reason=f"Why {camera.name} is held",
        created_at=NOW,
    )


def add_mosaic(camera: Camera) -> Mosaic:
    mosaic = Mosaic.objects.create(
        pk=mosaic_of(camera),
        city=camera.city,
        name=f"Wall of {camera.name}",
        rows=1,
        columns=1,
        created_at=NOW,
        updated_at=NOW,
    )
    MosaicTile.objects.create(mosaic=mosaic, city=camera.city, camera=camera, position=0)
    return mosaic


def mosaic_of(camera: Camera) -> str:
    return str(uuid5(camera.pk, "mosaic"))


def add_group(camera: Camera) -> CameraGroup:
    numbers = {"Market square": OWN_GROUP, "Secret harbour": FOREIGN_GROUP}
    pk = numbers.get(camera.name) or uuid4()
    group = CameraGroup.objects.create(pk=pk, city=camera.city, name=f"Group of {camera.name}")
    GroupedCamera.objects.create(city=camera.city, group=group, camera=camera)
    return group


def hold_of(camera: Camera) -> str:
    with every_city("a test's world spans the cities"):
        return str(Hold.objects.get(camera=camera, reason__startswith="Why").pk)


def own_ids(world: World) -> dict[str, str]:
    return {
        "camera_id": str(world.camera.pk),
        "city_id": str(world.city.pk),
        "alarm_id": str(OWN_ALARM),
        "day": str(OWN_DAY.date()),
        "hold_id": hold_of(world.camera),
        "mosaic_id": mosaic_of(world.camera),
        "camera_ids": str(world.camera.pk),
        "group_id": OWN_GROUP,
    }


def foreign_ids(world: World) -> dict[str, str]:
    return {
        "camera_id": str(world.foreign_camera.pk),
        "city_id": str(world.other_city.pk),
        "alarm_id": str(FOREIGN_ALARM),
        "day": str(FOREIGN_DAY.date()),
        "hold_id": hold_of(world.foreign_camera),
        "mosaic_id": mosaic_of(world.foreign_camera),
        "camera_ids": str(world.foreign_camera.pk),
        "group_id": FOREIGN_GROUP,
    }


def unknown_ids(world: World) -> dict[str, str]:
    return dict.fromkeys(own_ids(world), UNKNOWN_ID) | {"alarm_id": str(UNKNOWN_ALARM)}


def secrets_of_other_city(world: World) -> list[str]:
    """Everything of the other city that no answer to this city may hold."""
    camera = world.foreign_camera
    return [
        *(str(camera.pk), camera.name, camera.source_url, "hunter2", camera.source_credentials, "10.9.9.9"),
        mosaic_of(camera),
        *(str(world.other_city.pk), world.other_city.name, str(FOREIGN_BYTES), hold_of(camera), FOREIGN_GROUP),
    ]


def rows() -> list[Any]:
    """Give all rows that the API can change."""
    with every_city("this test compares all rows"):
        models: tuple[Any, ...] = (Camera, CameraGroup, GroupedCamera, Membership, Mosaic, MosaicTile)
        models += (Stream, RecordingSession, RetentionPolicy, Hold)
        return [list(model.objects.order_by("pk").values()) for model in models]
