"""Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("observers", "0003_find_damaged_footage")]

    operations = [
        wall_off("observers_alarm"),
    ]
