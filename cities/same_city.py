"""The migration operation that lets no row point into another city: a composite foreign key (reference, city)."""

from django.db import migrations


def keep_same_city(table: str, column: str, target: str) -> migrations.RunSQL:
    """Give the operation that makes `table`.(`column`, city_id) reference `target`.(id, city_id).

    The target needs a unique constraint on (id, city_id). Deferred, as Django's own foreign keys are.
    """
    name = f"{table}_{column}_same_city"
    return migrations.RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY ("{column}", "city_id") '
        f'REFERENCES "{target}" ("id", "city_id") DEFERRABLE INITIALLY DEFERRED',
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )
