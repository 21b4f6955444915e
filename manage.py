#!/usr/bin/env python
"""Django's command line for the VMS."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vms.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 -- settings must be named first

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        # Ctrl-C before a command took it over, or in one that does not: the shell's code for it, without a traceback.
        sys.exit(130)


if __name__ == "__main__":
    main()
