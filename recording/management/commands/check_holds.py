"""`manage.py check_holds`: lists held files that no row claims, and takes away those that it may."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cameras.models import MediaServer
from cities.scope import every_city
from recording.holds.orphans import Fate, Found, Orphan, find_orphans, judge_orphan, remove_orphans

SAID = {
    Fate.YOUNG: "changed within the last hour; look again later",
    Fate.DOUBLE: "the same footage as {double}; --remove takes it away",
    Fate.LAST: "no row knows its footage; --give-up {name} deletes it for good",
}


class Command(BaseCommand):
    """Ends with 0 if every held file is a segment's, with 1 if something is left to do."""

    help = "Lists held files that no row claims. Takes nothing away without --remove or --give-up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--server", help="the name of the only media server to look at")
        parser.add_argument(
            "--remove", action="store_true", help="take away those whose footage has a name and a row of its own"
        )
        parser.add_argument(
            "--give-up", nargs="+", default=[], metavar="FILE", help="delete these for good too; needs --server"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report on each media server."""
        if options["give_up"] and not options["server"]:
            raise CommandError("--give-up needs --server: name the one whose files these are.")
        servers = MediaServer.objects.order_by("pk")
        if options["server"]:
            servers = servers.filter(name=options["server"])
            if not servers:
                raise CommandError(f"There is no media server {options['server']!r}.")
        with every_city("the disk of a media server holds the footage of several cities"):
            found = {server.name: self._look(server, options) for server in servers}
        for name, each in found.items():
            self._write(name, each)
        if any(each.orphans or each.refused for each in found.values()):
            raise CommandError("Not every held file is a segment's; see above.", returncode=1)

    def _look(self, server: MediaServer, options: dict[str, Any]) -> Found:
        if options["remove"] or options["give_up"]:
            return remove_orphans(server, frozenset(options["give_up"]), timezone.now())
        return find_orphans(server)

    def _write(self, name: str, found: Found) -> None:
        self.stdout.write(f"{name}: {len(found.orphans)} held files that no row claims")
        for line in [*([f"refused: {found.refused}"] if found.refused else []), *map(describe, found.orphans)]:
            self.stdout.write(f"  {line}")


def describe(orphan: Orphan) -> str:
    """Say what it is and what can be done."""
    said = SAID[judge_orphan(orphan, timezone.now())].format(double=orphan.double, name=orphan.name)
    return f"{orphan.name} ({orphan.size / 1e6:.1f} MB, {orphan.changed_at:%Y-%m-%d %H:%M} UTC): {said}"
