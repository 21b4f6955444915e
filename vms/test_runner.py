"""`manage.py test`: Django's own command, with pytest behind it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]


class PytestRunner:
    """Runs pytest on the labels: `manage.py test recording` is `pytest tests/recording`, without a label all of tests/.

    pytest is another process, because this one has read the settings of an installation: a test run has its own
    settings, database and Redis, which must be there before Django looks.
    """

    def __init__(  # noqa: PLR0913 -- the options of a command, each by its name
        self,
        *,
        verbosity: int = 1,
        failfast: bool = False,
        keepdb: bool = False,
        pytest_k: str | None = None,
        workers: str | None = None,
        dist: str | None = None,
        marks: str | None = None,
        **_others: Any,
    ) -> None:
        self.verbosity = verbosity
        self.failfast = failfast
        self.keepdb = keepdb
        self.pytest_k = pytest_k
        self.workers = workers
        self.dist = dist
        self.marks = marks

    @classmethod
    def add_arguments(cls, parser: Any) -> None:
        """Add the options that pytest understands to `manage.py test`."""
        parser.add_argument("--failfast", action="store_true", help="stop at the first failure")
        parser.add_argument("--keepdb", action="store_true", help="reuse the test database of DATABASE_URL's server")
        parser.add_argument("-k", dest="pytest_k", metavar="EXPRESSION", help="only tests whose names match")
        parser.add_argument("-m", dest="marks", metavar="EXPRESSION", help="only tests with these marks")
        parser.add_argument("-n", dest="workers", metavar="N", help="run side by side in N processes, or auto")
        parser.add_argument("--dist", metavar="MODE", help="how they are dealt out; loadfile keeps files whole")

    def run_tests(self, test_labels: Sequence[str], **_others: Any) -> int:
        """Run the tests; gives pytest's exit code, so that no tests at all (5) is no success either."""
        # What decides on its own here would make pytest use the settings of the installation.
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-m", "pytest", *self.choose_arguments(test_labels)]
        return subprocess.run(command, check=False, cwd=CHECKOUT, env=environ).returncode

    def choose_arguments(self, test_labels: Sequence[str]) -> list[str]:
        """The arguments for pytest."""
        arguments = [find_tests(label) for label in test_labels] or ["tests"]
        arguments += ["-q"] if self.verbosity == 0 else ["-v"] * (self.verbosity - 1)
        arguments += ["--exitfirst"] if self.failfast else []
        arguments += ["--reuse-db"] if self.keepdb else []
        arguments += ["-k", self.pytest_k] if self.pytest_k else []
        arguments += ["-m", self.marks] if self.marks else []
        arguments += ["-n", self.workers] if self.workers else []
        arguments += ["--dist", self.dist] if self.dist else []
        return arguments


def find_tests(label: str) -> str:
    """The path of a label: `recording` and `recording.test_ring` lie below tests/; a path is taken as it is."""
    if "/" in label or label.endswith(".py") or label == "tests":
        return label
    below = Path("tests", *label.removeprefix("tests.").split("."))
    candidates = [below, below.with_name(f"{below.name}.py")]
    found = [str(path) for path in candidates if (CHECKOUT / path).exists()]
    # What does not exist is named by pytest itself, which then fails.
    return found[0] if found else label
