"""What is made of pip-audit's answers."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "audit_dependencies.py"


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit_dependencies", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


def package(name: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


MENDED = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}
OPEN = {"id": "PYSEC-2", "aliases": [], "fix_versions": []}


def test_without_an_answer_nothing_is_known_and_nothing_fails(audit: Any) -> None:
    skipped = {"name": "django", "skip_reason": "Dependency not found on PyPI"}
    for given in (None, {}, answer(), answer(skipped)):
        verdict = audit.judge(given)
        assert verdict.is_failure is False
        assert "could not be asked" in verdict.lines[0]


def test_clean_packages_are_said_to_be(audit: Any) -> None:
    verdict = audit.judge(answer(package("a"), package("b"), {"name": "c", "skip_reason": "gone"}))
    assert verdict.lines == (
        "Vulnerabilities: 0 known in 2 packages, 0 to be mended now.",
        "Not asked about: 1.",
    )
    assert verdict.is_failure is False


def test_what_a_release_mends_fails(audit: Any) -> None:
    verdict = audit.judge(answer(package("a", MENDED)))
    assert verdict.is_failure is True
    assert verdict.lines[0] == "a 1.0: PYSEC-1, CVE-1: mended in 1.1"


def test_what_nobody_mends_yet_or_we_accept_is_told_only(audit: Any) -> None:
    assert audit.judge(answer(package("a", OPEN))).is_failure is False
    verdict = audit.judge(answer(package("a", MENDED)), accepted={"PYSEC-1": "not reachable here"})
    assert (verdict.is_failure, verdict.lines[0][-28:]) == (False, "accepted: not reachable here")
