"""Who sees only some cameras sees the mosaics that have one of these; see docs/design/0019 and 0023."""

from django.db import migrations

from cities.row_level_security import narrow_through, narrow_to_cameras

_seen_by_none = narrow_to_cameras("mosaics_mosaic", None)


class Migration(migrations.Migration):
    dependencies = [("mosaics", "0002_walled_off")]

    operations = [
        migrations.RunSQL(_seen_by_none.reverse_sql, _seen_by_none.sql),
        narrow_through("mosaics_mosaic", "mosaics_mosaictile", "mosaic_id"),
    ]
