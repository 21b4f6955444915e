"""`manage.py prepare`: everything an installation needs in its database before it serves."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from cameras.models import MediaServer
from cities.scope import every_city
from ffmpeg.demo import demo_cameras
from recording.segments.looks import find_root
from vms.installation import demo_is_due, make_demo, register_media_server, write_demo_file
from vms.promises import tell_broken_promises
from vms.schedule import make_due


class Command(BaseCommand):
    """Idempotent; `manage.py up` runs it at each start, a production site after each deploy."""

    help = "Registers the media server and the schedule; makes the demo city on an installation nobody has used yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self._mark_footage(register_media_server())
        call_command("sync_schedule")
        make_due()
        if settings.VMS_DEMO_CAMERAS and demo_is_due():
            cameras = demo_cameras(settings.VMS_DEMO_CAMERAS)
            write_demo_file(make_demo(cameras, now=timezone.now()), settings.VMS_DATA / "demo.json")
        self._tell_broken_promises()

    def _mark_footage(self, server: MediaServer) -> None:
        """Mark a new folder of recordings; one that should be marked and is not is for the full pass to tell."""
        try:
            with every_city("a media server holds the footage of several cities"):
                find_root(server)
        except OSError as error:
            self.stderr.write(f"The folder of recordings {server.recordings_root} could not be marked as ours: {error}")

    def _tell_broken_promises(self) -> None:
        """Say what `manage.py check --database default` would: nobody calls that at each start."""
        with every_city("a media server's longest promise may be any city's"):
            for sentence in tell_broken_promises(timezone.now()):
                self.stdout.write(f"vms.W002: {sentence}")
