"""Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("cameras", "0008_publish_number")]

    operations = [
        wall_off("cameras_camera"),
        wall_off("cameras_cameraoutage"),
    ]
