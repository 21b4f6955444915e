"""Runs the recording manager with the mock adapter: what is switched, what stands in Postgres, what in Redis.

    .venv/bin/python scripts/check_recording_mock.py

Wants the database and Redis of `make run`. Works on a camera of its own and takes everything back at the end.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vms.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402 -- Django must be set up first
from django.db import transaction  # noqa: E402 -- as above
from django.utils import timezone  # noqa: E402 -- as above
from redis import Redis  # noqa: E402 -- as above

from cameras.services import add_camera  # noqa: E402 -- as above
from cities.models import City  # noqa: E402 -- as above
from cities.scope import city_scope  # noqa: E402 -- as above
from recording.adapters import MockRecordingAdapter  # noqa: E402 -- as above
from recording.manager import RedisRecordingManager  # noqa: E402 -- as above
from recording.models import RecordingStatus  # noqa: E402 -- as above


class TakeBack(Exception):
    """Ends the transaction of the check, so that nothing of it stays."""


def main() -> None:
    """Run the check; exit code 0 only if every expectation held."""
    try:
        with transaction.atomic():
            check_switching()
            raise TakeBack  # noqa: TRY301 -- the way out of the transaction
    except TakeBack:
        print("passed: the mock adapter was started and stopped, sessions opened and ended, nothing was left behind")


def check_switching() -> None:
    """Enable twice, look, disable twice, look."""
    port = MockRecordingAdapter()
    manager = RedisRecordingManager(Redis.from_url(settings.REDIS_URL), port)
    city = City.objects.create(name=f"Mock check {os.getpid()}")
    with city_scope(city.pk):
        camera = add_camera(city, name="Mock", now=timezone.now())
        session = manager.enable_recording(camera, by=None, now=timezone.now())
        expect("the same session comes back", manager.enable_recording(camera, by=None, now=timezone.now()) == session)
        expect("the wish stands on the camera", camera.recording_enabled)
        expect("the open session is found", manager.open_session(camera) == session)
        ended = manager.disable_recording(camera, by=None, now=timezone.now())
        expect("the session ended", ended is not None and ended.status == RecordingStatus.OFF)
        expect("ending again ends nothing", manager.disable_recording(camera, by=None, now=timezone.now()) is None)
    port.start(camera.stream_id)
    expect("the mock is ON after start", port.status(camera.stream_id) == RecordingStatus.ON)
    port.stop(camera.stream_id)
    expect("the mock knows nothing after stop", port.status(camera.stream_id) is None)


def expect(what: str, held: bool) -> None:  # noqa: FBT001 -- a condition reads best in place
    """Print what was checked; end with exit code 1 if it did not hold."""
    print(f"{'ok    ' if held else 'FAILED'} {what}")
    if not held:
        sys.exit(1)


if __name__ == "__main__":
    main()
