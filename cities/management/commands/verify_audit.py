"""`manage.py verify_audit`: computes the audit log's chains anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cities.audit.services import check_chains
from cities.models import City
from cities.scope import every_city


class Command(BaseCommand):
    """Ends with 0 if every chain is whole, with 1 if one is broken."""

    help = (
        "Computes the chains of the audit log anew. Write the heads down elsewhere: entries cut off at the end of a "
        "chain leave a whole, shorter chain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--city", help="the name of the only city to look at")

    def handle(self, *args: Any, **options: Any) -> None:
        """Report on each chain."""
        names = {str(city.pk): city.name for city in City.objects.all()}
        wanted = City.objects.filter(name=options["city"]).first() if options["city"] else None
        if options["city"] and wanted is None:
            raise CommandError(f"There is no city {options['city']!r}.")
        with every_city("the chains of all cities are checked"):
            reports = check_chains(wanted.pk if wanted else None)
        for report in reports:
            name = names.get(report.city, "the platform")
            self.stdout.write(f"{name}: {report.entries} entries, {report.problem or 'whole'}, head {report.head}")
        if any(report.problem for report in reports):
            raise CommandError("The audit log was tampered with; see above.", returncode=1)
