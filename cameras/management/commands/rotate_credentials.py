"""`manage.py rotate_credentials`: every camera's credentials encrypted with the first key, so that old keys may go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cameras.rotation import rotate_credentials
from cities.scope import every_city


class Command(BaseCommand):
    """Idempotent; what no key opens is named and left as it is."""

    help = "Encrypt all cameras' credentials anew with the first key of VMS_CREDENTIAL_KEYS. Running pictures go on."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many; CommandError if any could not be opened."""
        with every_city("a key is the installation's, and so are all credentials sealed with it"):
            rotation = rotate_credentials()
        self.stdout.write(f"{rotation.resealed} encrypted anew, {rotation.current} had the first key already.")
        for camera_id in rotation.lost:
            self.stderr.write(f"camera {camera_id}: no key opens its credentials; type its address again.")
        if rotation.lost:
            raise CommandError(f"{len(rotation.lost)} could not be opened and were left as they are.")
