"""The migration operation that has Postgres itself keep the cities apart: a policy on each table of theirs."""

from django.db import migrations

POLICY = "rows_of_the_cities_in_scope"

# Asked once per statement, not per row, as each stands in a sub-select. `*` is no id and must not be read as one.
_IN_SCOPE = """
    (SELECT current_setting('vms.cities', true) = '*')
    OR city_id = ANY ((SELECT string_to_array(NULLIF(current_setting('vms.cities', true), '*'), ',')::uuid[])::uuid[])
"""

NARROW_POLICY = "rows_of_the_cameras_in_scope"

_SETTING = "COALESCE(current_setting('vms.narrowed', true), '')"
_WHOLE = f"""
    (SELECT {_SETTING} = '')
    OR NOT city_id = ANY ((SELECT string_to_array(split_part({_SETTING}, '|', 1), ',')::uuid[])::uuid[])
"""
_OF_CAMERAS = f"""
    OR {{column}} = ANY ((SELECT string_to_array(split_part({_SETTING}, '|', 2), ',')::uuid[])::uuid[])
"""


def narrow_to_cameras(table: str, column: str | None = "camera_id", *, or_none: bool = False) -> migrations.RunSQL:
    """Give the operation that shows and takes rows of `table` only where its camera is in the setting `vms.narrowed`.

    The setting holds cities, a bar, cameras, with commas between: of those cities only those cameras. Where it is empty
    or missing, all. `column` None: none of the rows of those cities. `or_none`: rows without a camera are seen too.
    """
    condition = _WHOLE
    if column:
        condition += _OF_CAMERAS.format(column=column)
    if or_none:
        condition += f" OR {column} IS NULL"
    return _restrict(table, condition)


def narrow_through(table: str, holder: str, reference: str) -> migrations.RunSQL:
    """Give the operation that shows and takes rows of `table`, of the cities in the setting `vms.narrowed`, only where
    a row of `holder` that may be seen names them in its column `reference`: that table's own policies say which may.
    """
    return _restrict(table, f'{_WHOLE} OR id IN (SELECT "{reference}" FROM "{holder}")')  # noqa: S608 -- a migration's own names


def _restrict(table: str, condition: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f'CREATE POLICY "{NARROW_POLICY}" ON "{table}" AS RESTRICTIVE USING ({condition}) WITH CHECK ({condition})',
        f'DROP POLICY "{NARROW_POLICY}" ON "{table}"',
    )


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
