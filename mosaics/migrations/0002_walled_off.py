"""Postgres itself keeps the cities apart; see docs/design/0003 and 0016."""

from django.db import migrations

from cities.row_level_security import narrow_to_cameras, wall_off
from cities.same_city import keep_same_city


class Migration(migrations.Migration):
    dependencies = [("mosaics", "0001_initial"), ("cameras", "0009_row_level_security")]

    operations = [
        keep_same_city("mosaics_mosaictile", "mosaic_id", "mosaics_mosaic"),
        keep_same_city("mosaics_mosaictile", "camera_id", "cameras_camera"),
        wall_off("mosaics_mosaic"),
        wall_off("mosaics_mosaictile"),
        narrow_to_cameras("mosaics_mosaic", None),
        narrow_to_cameras("mosaics_mosaictile"),
    ]
