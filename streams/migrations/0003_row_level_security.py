"""Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_same_city")]

    operations = [
        wall_off("streams_stream"),
    ]
