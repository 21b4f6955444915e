"""`manage.py make_server_secrets NAME`: give a further media server secrets of its own."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cameras.models import MediaServer
from cameras.server_secrets import make_server_secrets


class Command(BaseCommand):
    """Prints what to set at the media server, and nothing else, on standard output."""

    help = "Make the secrets of a media server: for its hooks, and for its questions who may publish and watch."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the media server's name in the administration")

    def handle(self, *args: Any, **options: Any) -> None:
        server = MediaServer.objects.filter(name=options["name"]).first()
        if server is None:
            known = ", ".join(MediaServer.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no media server {options['name']!r}; there are: {known or 'none'}.")
        made = make_server_secrets(server)
        self.stderr.write(f"Secrets of the media server {server.name}, shown once; those before are worthless now:")
        self.stdout.write(f"VMS_HOOK_SECRET={made.hook}")
        self.stdout.write(f"MTX_AUTHHTTPADDRESS=http://mediamtx:{made.media}@<web>:8001/media/authorise")
