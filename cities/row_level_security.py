"""The migration operation that has Postgres itself keep the cities apart: a policy on each table of theirs."""

from django.db import migrations

POLICY = "rows_of_the_cities_in_scope"

# Asked once per statement, not per row, as each stands in a sub-select. `*` is no id and must not be read as one.
_IN_SCOPE = """
    (SELECT current_setting('vms.cities', true) = '*')
    OR city_id = ANY ((SELECT string_to_array(NULLIF(current_setting('vms.cities', true), '*'), ',')::uuid[])::uuid[])
"""


def wall_off(table: str) -> migrations.RunSQL:
    """Give the operation that shows and takes rows of `table` only where their city is in the setting `vms.cities`.

    The setting holds ids with commas between, or `*` for all; nothing is seen where it is empty or missing. The table's
    owner is held to it too; superusers and roles with BYPASSRLS are not.
    """
    return migrations.RunSQL(
        f'CREATE POLICY "{POLICY}" ON "{table}" USING ({_IN_SCOPE}) WITH CHECK ({_IN_SCOPE});'
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;'
        f'DROP POLICY "{POLICY}" ON "{table}"',
    )
