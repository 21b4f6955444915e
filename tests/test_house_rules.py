"""The house's rules that a machine can hold: links, sizes, suppressions, doors of the scope, no path ever made."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["vms", "mosaics", "replay", "inventory", "observers", "recording", "streams", "cameras", "cities"]
ROOMS += ["mediamtx", "ffmpeg", "footage"]
SOURCES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts)
PYTHON = sorted(
    [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_no_file_is_longer_than_500_lines() -> None:
    assert [relative(file) for file in PYTHON if len(file.read_text().splitlines()) > 500] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        relative(file)
        for file in SOURCES
        if file.read_text().strip() and file.name != "apps.py" and not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_every_suppression_names_its_rule_and_its_reason() -> None:
    bare = re.compile(r"#\s*(noqa(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \S)|type: ignore(?!\[[a-z-]+(, ?[a-z-]+)*\]  # \S))")
    found = [
        f"{relative(file)}:{number}"
        for file in PYTHON
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if bare.search(line) and file != Path(__file__)
    ]
    assert found == []


def test_work_across_cities_stays_at_its_known_doors() -> None:
    """A new door is a decision: add it here with its reason in the code."""
    doors = {relative(file) for file in SOURCES if re.search(r"\bevery_city\(\"", file.read_text())}
    assert doors == KNOWN_DOORS


KNOWN_DOORS = {
    "cameras/management/commands/rotate_credentials.py",
    "cameras/services.py",
    "cities/accounts.py",
    "cities/admin.py",
    "cities/audit/queries.py",
    "cities/audit/services.py",
    "cities/management/commands/verify_audit.py",
    "cities/middleware.py",
    "cities/postgres/base.py",
    "cities/queries.py",
    "inventory/tasks.py",
    "mosaics/queries.py",
    "mosaics/services.py",
    "observers/alarms/tasks.py",
    "observers/services.py",
    "observers/tasks.py",
    "recording/gaps/tasks.py",
    "recording/holds/tasks.py",
    "recording/management/commands/check_deletions.py",
    "recording/management/commands/check_footage.py",
    "recording/management/commands/check_holds.py",
    "recording/management/commands/recompute_gaps.py",
    "recording/retention/tasks.py",
    "recording/storage/tasks.py",
    "recording/tasks.py",
    "replay/pictures/tasks.py",
    "streams/access/services.py",
    "streams/access/tasks.py",
    "streams/management/commands/ingest.py",
    "vms/checks.py",
    "vms/management/commands/prepare.py",
    "vms/probes.py",
}


def test_nothing_of_ours_can_make_a_path_in_mediamtx() -> None:
    forbidden = re.compile(r"config/paths/(add|replace|patch|delete)|pathdefaults/patch|config/global/patch")
    assert [relative(file) for file in SOURCES if forbidden.search(file.read_text())] == []


def test_imports_point_down() -> None:
    lint = subprocess.run([ROOT / ".venv/bin/lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout
