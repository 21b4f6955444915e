"""`manage.py check_deletions`: computes the sealed deletion records anew, and tells of each that was altered."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cities.scope import every_city
from recording.models import DeletionRecord
from recording.retention.records import verify_records


class Command(BaseCommand):
    """Ends with 0 if every record is what was sealed, with 1 if one is not."""

    help = "Computes every city's deletion records anew and tells of each that is not what was sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Report on each city."""
        with every_city("the records of the whole installation are verified"):
            problems = list(verify_records())
            count = DeletionRecord.objects.count()
        for problem in problems:
            self.stdout.write(problem)
        self.stdout.write(f"{count} records, {len(problems)} problems")
        if problems:
            raise CommandError("Deletion records were altered; see above.", returncode=1)
