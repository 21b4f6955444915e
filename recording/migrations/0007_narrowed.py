"""Who may see only some cameras sees, and changes, only what belongs to those: Postgres itself holds it."""

from django.db import migrations

from cities.row_level_security import narrow_to_cameras


class Migration(migrations.Migration):
    dependencies = [("recording", "0006_row_level_security")]

    operations = [
        narrow_to_cameras("recording_recordingsession"),
        narrow_to_cameras("recording_segment"),
        narrow_to_cameras("recording_hold"),
        narrow_to_cameras("recording_deletion"),
        narrow_to_cameras("recording_gap"),
        narrow_to_cameras("recording_retentionpolicy", or_none=True),
        narrow_to_cameras("recording_forecast", None),
        narrow_to_cameras("recording_deletionrecord", None),
    ]
