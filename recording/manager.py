"""Switches recording on and off: Postgres holds the truth, Redis a copy that may be flushed at any moment."""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from cameras.models import Camera
from cameras.services import subject_of
from cities.audit.services import Deed, note_deed
from cities.errors import NotThere
from cities.models import AuditAction, User
from recording.models import RecordingSession, RecordingStatus
from recording.ports import RecordingPort
from recording.queries import begin_of_session, find_open_session

log = logging.getLogger(__name__)

CACHE_SECONDS = 24 * 60 * 60


class RecordingManager(ABC):
    """What the doors know of recording."""

    @abstractmethod
    def enable_recording(self, camera: Camera, *, by: User | None, now: datetime) -> RecordingSession:
        """Open a session; the one already open comes back unchanged. Raises NotThere for a camera that was removed."""

    @abstractmethod
    def disable_recording(self, camera: Camera, *, by: User | None, now: datetime) -> RecordingSession | None:
        """End the open session and give it; None if none was open."""

    @abstractmethod
    def open_session(self, camera: Camera) -> RecordingSession | None:
        """Give the open session, None if recording is off."""


class RedisRecordingManager(RecordingManager):
    """Sessions in Postgres, copied to Redis under `recording:{camera_id}` for 24 h; works on without Redis."""

    def __init__(self, redis: Redis, port: RecordingPort) -> None:
        self._redis = redis
        self._port = port

    def enable_recording(self, camera: Camera, *, by: User | None, now: datetime) -> RecordingSession:
        with transaction.atomic(savepoint=False):
            locked = Camera.objects.select_for_update(of=("self",)).select_related("media_server").get(pk=camera.pk)
            if locked.removed_at is not None:
                raise NotThere(f"camera {camera.pk} was removed")
            session = find_open_session(locked.pk) or _open_session(locked, by, begin_of_session(locked.pk, now), now)
            _note_wish(camera, locked, wish=True)
            transaction.on_commit(lambda: self._start(session))
        return session

    def disable_recording(self, camera: Camera, *, by: User | None, now: datetime) -> RecordingSession | None:
        with transaction.atomic(savepoint=False):
            locked = Camera.objects.select_for_update(of=("self",)).get(pk=camera.pk)
            session = find_open_session(camera.pk)
            if session:
                _end_session(session, by, now)
                note_deed(camera.city_id, Deed(AuditAction.RECORDING_OFF, by, now, subject_of(camera)))
            _note_wish(camera, locked, wish=False)
            transaction.on_commit(lambda: self._stop(camera))
        return session

    def open_session(self, camera: Camera) -> RecordingSession | None:
        """Postgres answers, never the copy: a copy that missed an update would lie about evidence for 24 hours."""
        return find_open_session(camera.pk)

    def refresh_copies(self, sessions: Iterable[RecordingSession]) -> int:
        """Write the copies of these open sessions anew and drop all others; give how many stand."""
        copies = {_key(session.camera_id): _copy_of(session) for session in sessions}
        stale = [key for key in self._redis.scan_iter(match="recording:*", count=1000) if key.decode() not in copies]
        with self._redis.pipeline(transaction=False) as pipeline:
            for key, copy in copies.items():
                pipeline.set(key, copy, ex=CACHE_SECONDS)
            for key in stale:
                pipeline.delete(key)
            pipeline.execute()
        return len(copies)

    def _start(self, session: RecordingSession) -> None:
        self._port.start(session.stream_id)
        try:
            self._redis.set(_key(session.camera_id), _copy_of(session), ex=CACHE_SECONDS)
        except RedisError as error:
            log.warning("Redis did not take the copy of %s; the next refresh will: %s", session.stream_id, error)

    def _stop(self, camera: Camera) -> None:
        self._port.stop(camera.stream_id)
        try:
            self._redis.delete(_key(camera.pk))
        except RedisError as error:
            log.warning("Redis did not drop the copy of %s; the next refresh will: %s", camera.stream_id, error)


def storage_path_for(camera: Camera) -> str:
    """Give the folder MediaMTX writes the camera's footage to, as its media server sees it."""
    return str(PurePosixPath(camera.media_server.recordings_root) / camera.stream_id)


def _open_session(camera: Camera, by: User | None, started_at: datetime, now: datetime) -> RecordingSession:
    note_deed(camera.city_id, Deed(AuditAction.RECORDING_ON, by, now, subject_of(camera)))
    return RecordingSession.objects.create(
        camera=camera,
        city_id=camera.city_id,
        stream_id=camera.stream_id,
        started_at=started_at,
        started_by=by,
        storage_path=storage_path_for(camera),
    )


def _end_session(session: RecordingSession, by: User | None, now: datetime) -> None:
    # A clock that was set back must not make a session end before it began.
    session.status, session.ended_at, session.ended_by = RecordingStatus.OFF, max(now, session.started_at), by
    session.save(update_fields=["status", "ended_at", "ended_by"])


def _note_wish(camera: Camera, locked: Camera, *, wish: bool) -> None:
    """Note the wish in the camera's row, which is locked, and in the caller's copy of it."""
    if locked.recording_enabled != wish:
        Camera.objects.filter(pk=camera.pk).update(recording_enabled=wish)
    camera.recording_enabled = wish


def _key(camera_id: Any) -> str:
    return f"recording:{camera_id}"


def _copy_of(session: RecordingSession) -> str:
    return json.dumps(
        {
            "camera_id": str(session.camera_id),
            "city_id": str(session.city_id),
            "stream_id": session.stream_id,
            "status": str(session.status),
            "started_at": session.started_at.isoformat(),
            "storage_path": session.storage_path,
        }
    )
