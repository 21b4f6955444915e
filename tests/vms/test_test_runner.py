"""`manage.py test`: labels and options as pytest gets them, and its exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vms.test_runner import PytestRunner, find_tests

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("label", "path"),
    [
        ("vms", "tests/vms"),
        ("vms.launcher", "tests/vms/launcher"),
        ("tests.vms.launcher.test_logs", "tests/vms/launcher/test_logs.py"),
        ("tests/vms/launcher/test_logs.py::test_x", "tests/vms/launcher/test_logs.py::test_x"),
        ("tests", "tests"),
        ("nowhere", "nowhere"),
    ],
)
def test_labels_become_paths(label: str, path: str) -> None:
    assert find_tests(label) == path


def test_options_become_pytests() -> None:
    runner = PytestRunner(verbosity=2, failfast=True, pytest_k="lock", workers="2", marks="slow")
    assert runner.choose_arguments(["vms"]) == ["tests/vms", "-v", "--exitfirst", "-k", "lock", "-m", "slow", "-n", "2"]
    assert PytestRunner().choose_arguments([]) == ["tests"]


@pytest.mark.integration
@pytest.mark.parametrize(("expression", "passes"), [("test_last_lines_skip_blank_ones", True), ("no_such_test", False)])
def test_no_tests_are_no_success(expression: str, *, passes: bool) -> None:
    command = [sys.executable, "manage.py", "test", "vms.launcher.test_logs", "-k", expression]
    # As in a shell: pytest has named the settings of the tests, which `manage.py test` is to do by itself.
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ended = subprocess.run(command, check=False, cwd=CHECKOUT, env=environ, capture_output=True, text=True)
    assert (ended.returncode == 0) is passes, ended.stdout + ended.stderr
