"""`manage.py check_footage`: compares the footage on disk with its index, and repairs the index on request."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cameras.models import MediaServer
from cities.scope import every_city
from recording.segments.reconcile import Report, reconcile


class Command(BaseCommand):
    """Ends with 0 if disk and index agree or were brought to, with 1 if something is left to do."""

    help = "Compares the footage on disk with its index. Never touches a file; without --repair nothing at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--server", help="the name of the only media server to look at")
        parser.add_argument("--repair", action="store_true", help="bring the index in line with the disk")
        parser.add_argument(
            "--accept-loss", action="store_true", help="with --repair: also where half of the footage or more is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report on each media server."""
        if options["accept_loss"] and not (options["repair"] and options["server"]):
            raise CommandError("--accept-loss needs --repair and --server: name the one whose footage is lost.")
        servers = MediaServer.objects.order_by("pk")
        if options["server"]:
            servers = servers.filter(name=options["server"])
            if not servers:
                raise CommandError(f"There is no media server {options['server']!r}.")
        is_settled = True
        with every_city("the disk of a media server holds the footage of several cities"):
            for server in servers:
                report = reconcile(server, timezone.now(), repair=options["repair"], accept_loss=options["accept_loss"])
                self._write(server.name, report)
                is_settled = is_settled and (report.is_clean or (options["repair"] and report.is_repaired))
        if not is_settled:
            raise CommandError("Disk and index do not agree; see above.", returncode=1)

    def _write(self, name: str, report: Report) -> None:
        indexed = report.indexed
        lines = [
            f"{name}: {report.files} files, {report.unread} new or changed, {report.vanished} rows without a file",
            *(f"  {report.being_written} files being written" for _ in [1] if report.being_written),
            *(f"  {report.kept_by_hold} kept by a hold alone" for _ in [1] if report.kept_by_hold),
            f"  {indexed.written} rows written ({indexed.damaged} damaged), {report.removed} removed",
            *(f"  refused: {reason}" for reason in [report.refused] if reason),
            *(f"  cannot be read: {file}" for file in [*report.unreadable, *indexed.unreadable]),
            *(f"  the same recording as another file: {file}" for file in indexed.twins),
            *(f"  of no camera, or no segment: {name}" for name in report.strangers),
        ]
        if report.stranger_count > len(report.strangers):
            lines.append(f"  … and {report.stranger_count - len(report.strangers)} more of nobody")
        for line in lines:
            self.stdout.write(line)
