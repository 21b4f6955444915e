"""Compiles our translations (.po) into what Django reads (.mo), without GNU gettext."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """`manage.py compile_translations`."""

    help = "Compile locale/*/LC_MESSAGES/*.po into .mo files; needs no GNU gettext."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
                compile_translation(source)
                self.stdout.write(f"compiled {source.name} of {source.parent.parent.name}")


def compile_translation(source: Path) -> Path:
    """Write the .mo beside the .po, whole or not at all; give its path."""
    target = source.with_suffix(".mo")
    aside = source.with_suffix(".mo.new")
    polib.pofile(str(source)).save_as_mofile(str(aside))
    aside.replace(target)
    return target
