"""Verbs of walls: keeping one as a mosaic, changing and removing it; who saw live pictures is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cameras.models import Camera
from cameras.queries import cameras_in_scope
from cities.errors import Conflict, InvalidInput, NotThere
from cities.models import City, User
from mosaics.layouts import FASTEST_ROTATION_SECONDS, MOST_A_SIDE, MOST_TILES, SLOWEST_ROTATION_SECONDS
from mosaics.models import Mosaic, MosaicTile
from mosaics.queries import find_mosaic


@dataclass(frozen=True)
class Tile:
    """A camera at a place of a wall."""

    position: int
    camera_id: UUID


@dataclass(frozen=True)
class Arrangement:
    """All that somebody decides of a mosaic."""

    name: str
    rows: int
    columns: int
    rotation_seconds: int
    tiles: Sequence[Tile]


@transaction.atomic
def create_mosaic(city: City, wanted: Arrangement, *, by: User | None, now: datetime) -> Mosaic:
    """Keep a wall under a name. Raises InvalidInput (with its field) or Conflict (name taken)."""
    _check(wanted)
    mosaic = Mosaic(city=city, created_by=by, created_at=now, updated_at=now)
    _save(mosaic, wanted)
    _put_tiles(mosaic, wanted.tiles)
    return find_mosaic(mosaic.pk)


@transaction.atomic
def change_mosaic(mosaic_id: UUID, wanted: Arrangement, *, revision: int, now: datetime) -> Mosaic:
    """Make a mosaic what is wanted, if it still is the `revision` that the caller has seen.

    Raises NotThere, InvalidInput (with its field) or Conflict (changed meanwhile, name taken).
    """
    mosaic = Mosaic.objects.select_for_update().filter(pk=mosaic_id).first()
    if mosaic is None:
        raise NotThere(f"no mosaic {mosaic_id}")
    _check(wanted)
    if mosaic.revision != revision:
        message = "Somebody changed this mosaic meanwhile. Read it again, then save your change upon that."
        raise Conflict(message, field="revision")
    mosaic.revision, mosaic.updated_at = revision + 1, now
    _save(mosaic, wanted)
    MosaicTile.objects.filter(mosaic=mosaic).delete()
    _put_tiles(mosaic, wanted.tiles)
    return find_mosaic(mosaic_id)


def remove_mosaic(mosaic_id: UUID) -> None:
    """Take a mosaic away; its cameras stay. Raises NotThere."""
    find_mosaic(mosaic_id).delete()


def take_off_walls(camera: Camera, by: User | None, now: datetime) -> None:  # noqa: ARG001 -- a removal step's signature
    """Take a camera that is removed off every mosaic."""
    MosaicTile.objects.filter(camera=camera).delete()


def _check(wanted: Arrangement) -> None:
    if not wanted.name.strip():
        raise InvalidInput("A mosaic needs a name.", field="name")
    for side in ("rows", "columns"):
        if not 1 <= getattr(wanted, side) <= MOST_A_SIDE:
            raise InvalidInput(f"Choose 1 to {MOST_A_SIDE}.", field=side)
    seconds = wanted.rotation_seconds
    if seconds and not FASTEST_ROTATION_SECONDS <= seconds <= SLOWEST_ROTATION_SECONDS:
        message = f"Choose 0 (off) or {FASTEST_ROTATION_SECONDS} to {SLOWEST_ROTATION_SECONDS} seconds."
        raise InvalidInput(message, field="rotation_seconds")
    _check_tiles(wanted.tiles)


def _check_tiles(tiles: Sequence[Tile]) -> None:
    if any(not 0 <= tile.position < MOST_TILES for tile in tiles):
        raise InvalidInput(f"Positions go from 0 to {MOST_TILES - 1}.", field="tiles")
    if len({tile.position for tile in tiles}) != len(tiles):
        raise InvalidInput("Two cameras are in one place.", field="tiles")
    if len({tile.camera_id for tile in tiles}) != len(tiles):
        raise InvalidInput("A camera stands in two places; a mosaic shows it once.", field="tiles")


def _save(mosaic: Mosaic, wanted: Arrangement) -> None:
    mosaic.name = wanted.name.strip()
    mosaic.rows, mosaic.columns = wanted.rows, wanted.columns
    mosaic.rotation_seconds = wanted.rotation_seconds
    try:
        with transaction.atomic():
            mosaic.save()
    except IntegrityError as error:
        if "one_mosaic_of_a_name_per_city" not in str(error):
            raise
        raise Conflict("This city already has a mosaic of this name; choose another.", field="name") from error


def _put_tiles(mosaic: Mosaic, tiles: Sequence[Tile]) -> None:
    wanted = [tile.camera_id for tile in tiles]
    known = set(cameras_in_scope().filter(pk__in=wanted, city=mosaic.city_id).values_list("pk", flat=True))
    strange = sorted(tile.position for tile in tiles if tile.camera_id not in known)
    if strange:
        message = f"There is no such camera in this city: see position {', '.join(map(str, strange))}."
        raise InvalidInput(message, field="tiles")
    MosaicTile.objects.bulk_create(
        MosaicTile(mosaic=mosaic, city_id=mosaic.city_id, camera_id=tile.camera_id, position=tile.position)
        for tile in tiles
    )
