"""`manage.py recompute_gaps`: the ledger of gaps computed from scratch, or only compared with what is stored."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cities.scope import every_city
from recording.gaps import queries
from recording.gaps.services import recompute_gaps
from recording.gaps.spans import FOREVER, Span


class Command(BaseCommand):
    """Ends with 1 if --check found a difference."""

    help = "Computes every gap anew from sessions, footage and outages of the last 399 days; writes what differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--camera", type=UUID, help="the id of the only camera to look at")
        parser.add_argument("--check", action="store_true", help="write nothing; fail where anything differs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute, and say what came of it."""
        now, chosen = timezone.now(), [options["camera"]] if options["camera"] else None
        with every_city("the ledger is kept for all cities"):
            first = queries.find_earliest_wish(chosen)
            if first is None:
                raise CommandError("Nothing was ever to be recorded; there is no gap to find.")
            window = Span(max(first, now - queries.EVERYTHING), FOREVER)
            done = recompute_gaps(
                chosen or queries.list_cameras_with_wishes(window), window, now, write=not options["check"]
            )
        verb = "differ" if options["check"] else "written"
        self.stdout.write(f"{done.cameras} cameras, {done.written} gaps {verb}, {done.removed} that are none")
        if options["check"] and (done.written or done.removed):
            raise CommandError("The ledger is not what a computation from scratch gives; see above.", returncode=1)
