"""Verbs of walls: keeping one as a mosaic, changing and removing it; each is written down."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cameras.models import Camera
from cameras.queries import cameras_in_scope
from cities.audit.services import Deed, Subject, note_deed
from cities.errors import Conflict, InvalidInput
from cities.models import AuditAction, City, User
from mosaics.arrangements import Arrangement, Change, Tile, apply_change, tell_arrangement, tell_change, tidy
from mosaics.models import Mosaic, MosaicTile
from mosaics.queries import find_mosaic


@transaction.atomic
def create_mosaic(city: City, wanted: Arrangement, *, by: User | None, now: datetime) -> Mosaic:
    """Keep a wall under a name. Raises InvalidInput (with its field) or Conflict (name taken)."""
    arrangement = tidy(wanted)
    _check_cameras(city.pk, arrangement.tiles)
    mosaic = Mosaic(city=city, created_by=by, created_at=now, updated_at=now)
    _save(mosaic, arrangement)
    _put_tiles(mosaic, arrangement.tiles)
    facts = tell_arrangement(arrangement, _read_names(arrangement.tiles))
    note_deed(city.pk, Deed(AuditAction.MOSAIC_MADE, by, now, _subject_of(mosaic), facts=facts))
    return find_mosaic(mosaic.pk)


@transaction.atomic
def change_mosaic(mosaic_id: UUID, change: Change, *, revision: int, by: User | None, now: datetime) -> Mosaic:
    """Change what is given of a mosaic, if it still is the `revision` that the caller has seen.

    Raises NotThere, InvalidInput (with its field) or Conflict (changed meanwhile, name taken).
    """
    mosaic = _take(mosaic_id)
    if mosaic.revision != revision:
        raise Conflict(
            "Somebody changed this mosaic meanwhile. Read it again, then save your change upon that.", field="revision"
        )
    before = _arrangement_of(mosaic)
    after = apply_change(before, change)
    if after == before:
        return mosaic
    mosaic.revision, mosaic.updated_at = revision + 1, now
    _save(mosaic, after)
    if after.tiles != before.tiles:
        _replace_tiles(mosaic, after.tiles)
    facts = tell_change(before, after, _read_names([*before.tiles, *after.tiles]))
    note_deed(mosaic.city_id, Deed(AuditAction.MOSAIC_CHANGED, by, now, _subject_of(mosaic), facts=facts))
    return find_mosaic(mosaic_id)


@transaction.atomic
def remove_mosaic(mosaic_id: UUID, *, by: User | None, now: datetime) -> None:
    """Take a mosaic away; its cameras stay. Raises NotThere."""
    mosaic = _take(mosaic_id)
    arrangement, subject = _arrangement_of(mosaic), _subject_of(mosaic)
    facts = tell_arrangement(arrangement, _read_names(arrangement.tiles))
    mosaic.delete()
    note_deed(mosaic.city_id, Deed(AuditAction.MOSAIC_REMOVED, by, now, subject, facts=facts))


def take_off_walls(camera: Camera, by: User | None, now: datetime) -> None:  # noqa: ARG001 -- a removal step's signature
    """Take a camera that is removed off every mosaic."""
    MosaicTile.objects.filter(camera=camera).delete()


def _take(mosaic_id: UUID) -> Mosaic:
    """Give a mosaic as it is once nobody else can change it."""
    Mosaic.objects.select_for_update().filter(pk=mosaic_id).first()
    return find_mosaic(mosaic_id)


def _arrangement_of(mosaic: Mosaic) -> Arrangement:
    tiles = tuple(Tile(tile.position, tile.camera_id) for tile in mosaic.tiles.all())
    return Arrangement(mosaic.name, mosaic.rows, mosaic.columns, mosaic.rotation_seconds, tiles)


def _subject_of(mosaic: Mosaic) -> Subject:
    return Subject("mosaic", str(mosaic.pk), mosaic.name)


def _save(mosaic: Mosaic, wanted: Arrangement) -> None:
    mosaic.name = wanted.name
    mosaic.rows, mosaic.columns = wanted.rows, wanted.columns
    mosaic.rotation_seconds = wanted.rotation_seconds
    try:
        with transaction.atomic():
            mosaic.save()
    except IntegrityError as error:
        if "one_mosaic_of_a_name_per_city" not in str(error):
            raise
        raise Conflict("This city already has a mosaic of this name; choose another.", field="name") from error


def _check_cameras(city_id: UUID, tiles: Sequence[Tile]) -> None:
    """Refuse cameras that the caller cannot see."""
    wanted = [tile.camera_id for tile in tiles]
    known = set(cameras_in_scope().filter(pk__in=wanted, city=city_id).values_list("pk", flat=True))
    strange = sorted(tile.position for tile in tiles if tile.camera_id not in known)
    if strange:
        message = f"There is no such camera in this city: see position {', '.join(map(str, strange))}."
        raise InvalidInput(message, field="tiles")


def _replace_tiles(mosaic: Mosaic, tiles: Sequence[Tile]) -> None:
    _check_cameras(mosaic.city_id, tiles)
    MosaicTile.objects.filter(mosaic=mosaic).delete()
    _put_tiles(mosaic, tiles)


def _put_tiles(mosaic: Mosaic, tiles: Sequence[Tile]) -> None:
    MosaicTile.objects.bulk_create(
        MosaicTile(mosaic=mosaic, city_id=mosaic.city_id, camera_id=tile.camera_id, position=tile.position)
        for tile in tiles
    )


def _read_names(tiles: Sequence[Tile]) -> dict[UUID, str]:
    """Give the names of cameras by their ids; of one that was just removed too."""
    wanted = {tile.camera_id for tile in tiles}
    return dict(Camera.objects.filter(pk__in=wanted).order_by().values_list("pk", "name"))
