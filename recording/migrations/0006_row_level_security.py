"""Postgres itself keeps the cities apart; see docs/design/0016. The index tells the city too, to stay all that is read."""

from django.db import migrations, models

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("recording", "0005_held_problem")]

    operations = [
        migrations.RemoveConstraint(model_name="segment", name="segment_by_camera_and_start"),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.UniqueConstraint(
                fields=("camera", "start"),
                include=("end", "size", "state", "city"),
                name="segment_by_camera_and_start",
            ),
        ),
        wall_off("recording_recordingsession"),
        wall_off("recording_segment"),
        wall_off("recording_retentionpolicy"),
        wall_off("recording_hold"),
        wall_off("recording_forecast"),
        wall_off("recording_deletion"),
        wall_off("recording_deletionrecord"),
        wall_off("recording_gap"),
    ]
