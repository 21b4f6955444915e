"""`manage.py sync_schedule`: brings beat's schedule in line with what this version ships."""

from typing import Any

from django.core.management.base import BaseCommand

from vms.schedule import sync_schedule


class Command(BaseCommand):
    """Idempotent; keeps what operators changed."""

    help = "Makes or updates the periodic tasks of the VMS and keeps what operators changed in them."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in sync_schedule():
            self.stdout.write(f"scheduled: {name}")
