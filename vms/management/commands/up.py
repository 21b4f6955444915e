"""`manage.py up`: everything by one command; Ctrl-C stops it."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, SystemCheckError

from vms.launcher.up import NOT_STARTED, run_up


class Command(BaseCommand):
    """Starts, watches and stops Postgres, Redis, MediaMTX, the demo cameras, web, worker, beat and ingest."""

    help = "Runs the whole VMS on this machine: every server it needs, in order, until Ctrl-C."
    # They run below, so that a wrong setting ends with exit code 2, like all else that keeps us from starting.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit with 0 once stopped on request, with 1 if a service failed at first, with 2 if nothing was started."""
        try:
            self.check()
        except SystemCheckError as error:
            self.stderr.write(str(error))
            sys.exit(NOT_STARTED)
        sys.exit(run_up())
