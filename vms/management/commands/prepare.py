"""`manage.py prepare`: everything an installation needs in its database before it serves."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from ffmpeg.demo import demo_cameras
from vms.installation import demo_is_due, make_demo, register_media_server, write_demo_file


class Command(BaseCommand):
    """Idempotent; `manage.py up` runs it at each start, a production site after each deploy."""

    help = "Registers the media server and the schedule; makes the demo city on an installation nobody has used yet."

    def handle(self, *args: Any, **options: Any) -> None:
        register_media_server()
        call_command("sync_schedule")
        if settings.VMS_DEMO_CAMERAS and demo_is_due():
            cameras = demo_cameras(settings.VMS_DEMO_CAMERAS)
            write_demo_file(make_demo(cameras, now=timezone.now()), settings.VMS_DATA / "demo.json")
