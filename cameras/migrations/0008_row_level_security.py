"""Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("cameras", "0007_no_credentials_in_clear")]

    operations = [
        wall_off("cameras_camera"),
        wall_off("cameras_cameraoutage"),
    ]
