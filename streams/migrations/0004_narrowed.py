"""Who may see only some cameras sees, and changes, only what belongs to those: Postgres itself holds it."""

from django.db import migrations

from cities.row_level_security import narrow_to_cameras


class Migration(migrations.Migration):
    dependencies = [("streams", "0003_row_level_security")]

    operations = [
        narrow_to_cameras("streams_stream"),
    ]
