"""Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import wall_off


class Migration(migrations.Migration):
    dependencies = [("cities", "0005_more_deeds")]

    operations = [
        wall_off("cities_membership"),
        wall_off("cities_auditentry"),
    ]
