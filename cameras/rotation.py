"""Encrypting the stored credentials anew with the first key, in batches, beside a system that goes on working."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from cameras.credentials import CredentialsLost, is_sealed_with_first_key, reseal
from cameras.models import Camera

_BATCH = 500

# Only where nobody typed another address meanwhile.
_WRITE = """
UPDATE cameras_camera camera SET source_credentials = fresh.sealed
FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS fresh(id, before, sealed)
WHERE camera.id = fresh.id AND camera.source_credentials = fresh.before
"""


@dataclass
class Rotation:
    """What became of the sealed credentials: how many are new, how many needed nothing, whose nobody can open."""

    resealed: int = 0
    current: int = 0
    lost: list[UUID] = field(default_factory=list)


def rotate_credentials() -> Rotation:
    """Seal with the first key what another key sealed; wants all cities in scope. Removed cameras too."""
    rotation = Rotation()
    keys = list(Camera.objects.exclude(source_credentials="").order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _BATCH):
        _rotate_batch(keys[start : start + _BATCH], rotation)
    return rotation


def _rotate_batch(keys: list[UUID], rotation: Rotation) -> None:
    rows = Camera.objects.filter(pk__in=keys).exclude(source_credentials="").values_list("pk", "source_credentials")
    fresh: list[tuple[UUID, str, str]] = []
    for key, sealed in rows.order_by("pk"):
        if is_sealed_with_first_key(sealed):
            rotation.current += 1
            continue
        try:
            fresh.append((key, sealed, reseal(sealed)))
        except CredentialsLost:
            rotation.lost.append(key)
    if fresh:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_WRITE, [list(column) for column in zip(*fresh, strict=True)])
            rotation.resealed += cursor.rowcount
