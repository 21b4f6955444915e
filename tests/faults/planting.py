"""Older footage, made by hand and put on the disk, with the session in which it was wanted: something that may go."""

import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

from footage.layout import name_for
from tests.faults.scene import Scene
from tests.footage.building import KEY, make_fragment, make_head, make_mtxi, make_mvhd

LASTS_SECONDS = 4.0

_SESSION = """
    INSERT INTO recording_recordingsession (id, camera_id, city_id, stream_id, status, started_at, ended_at,
                                            storage_path)
    SELECT gen_random_uuid(), camera_id, city_id, stream_id, 'OFF', started_at - interval '30 days', started_at,
           storage_path
    FROM recording_recordingsession WHERE camera_id = %s AND ended_at IS NULL
"""
_UNPLANT_SESSIONS = "DELETE FROM recording_recordingsession WHERE ended_at IS NOT NULL AND camera_id = ANY(%s)"


def plant(scene: Scene, cameras: list[UUID], *, oldest: float, apart: float, count: int, size: int) -> list[str]:
    """Put `count` closed segments of so many bytes in each camera's folder, and index them; give them oldest first.

    `oldest` and `apart` are seconds: the age of each camera's first, and from one's start to the next's.
    """
    now = time.time()
    files: dict[float, str] = {}
    for offset, camera in enumerate(cameras):
        scene.execute(_SESSION, camera)
        recording = uuid4()
        for number in range(count):
            starts = now - oldest + number * apart + offset
            files[starts] = _write(scene, camera, recording, number=number, starts=starts, size=size)
    done = scene.check_footage("--repair")
    assert done.returncode == 0, done.stdout + done.stderr
    return [files[starts] for starts in sorted(files)]


def unplant(scene: Scene, cameras: list[UUID], files: list[str]) -> None:
    """Take away what is left of it, and the sessions; rows first, as a pass would find them gone."""
    scene.execute("DELETE FROM recording_segment WHERE file = ANY(%s)", files)
    for file in files:
        (scene.installation.recordings / file).unlink(missing_ok=True)
    scene.execute(_UNPLANT_SESSIONS, cameras)


def start_of(file: str) -> datetime:
    """The moment in a planted file's name."""
    name = file.rpartition("/")[2].removesuffix(".mp4")
    return datetime.strptime(name, "%Y-%m-%d_%H-%M-%S-%f").replace(tzinfo=UTC)


def _write(scene: Scene, camera: UUID, recording: UUID, *, number: int, starts: float, size: int) -> str:
    nanoseconds = int(starts * 1e6) * 1000
    head = make_head(mark=make_mtxi(recording, number, nanoseconds), mvhd=make_mvhd(int(LASTS_SECONDS * 1000)))
    file = f"{scene.stream(camera)}/{name_for(datetime.fromtimestamp(nanoseconds / 1e9, UTC))}"
    (scene.installation.recordings / file).write_bytes(head + make_fragment(0, [(360_000, size, KEY)]))
    return file
