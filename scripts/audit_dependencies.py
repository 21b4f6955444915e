"""Tells which pinned packages have known vulnerabilities, as PyPI knows them; fails where a release mends one.

That is stricter than failing on those known to be exploited, of which PyPI has no list, and leaves the rest, which
nobody could act upon, as a report. Where the service gives no answer, that is said and nothing fails.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("requirements.txt", "requirements-dev.txt")
WITHIN_SECONDS = 180

ACCEPTED: dict[str, str] = {}
"""Vulnerabilities that we live with although a release mends them: the id, and why."""


@dataclass(frozen=True)
class Verdict:
    """What to tell, and whether to fail."""

    lines: tuple[str, ...]
    is_failure: bool


def judge(answer: dict[str, Any] | None, accepted: dict[str, str] = ACCEPTED) -> Verdict:
    """Judge what pip-audit answered; None where it did not."""
    packages = {(each["name"], each.get("version", "")): each for each in (answer or {}).get("dependencies", [])}
    asked = [each for each in packages.values() if "vulns" in each]
    if not asked:
        return Verdict(("Vulnerabilities: the service could not be asked; nothing is known.",), is_failure=False)
    known = [(each, found) for each in asked for found in each["vulns"]]
    mended = [(each, found) for each, found in known if found["fix_versions"] and found["id"] not in accepted]
    lines = [_describe(each, found, accepted) for each, found in known]
    lines.append(f"Vulnerabilities: {len(known)} known in {len(asked)} packages, {len(mended)} to be mended now.")
    if len(asked) < len(packages):
        lines.append(f"Not asked about: {len(packages) - len(asked)}.")
    return Verdict(tuple(lines), is_failure=bool(mended))


def _describe(package: dict[str, Any], found: dict[str, Any], accepted: dict[str, str]) -> str:
    names = ", ".join([found["id"], *found.get("aliases", [])])
    remedy = f"mended in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "no release mends it yet"
    because = f"; accepted: {accepted[found['id']]}" if found["id"] in accepted else ""
    return f"{package['name']} {package['version']}: {names}: {remedy}{because}"


def ask() -> dict[str, Any] | None:
    """Ask pip-audit about the pinned packages; None where it fails, which its own words then say."""
    lists = [argument for name in LISTS for argument in ("-r", str(ROOT / name))]
    options = ["--disable-pip", "--format", "json", "--desc", "off", "--progress-spinner", "off", "--timeout", "10"]
    command = [sys.executable, "-m", "pip_audit", *lists, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS)
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        print(f"pip-audit gave no answer within {WITHIN_SECONDS} s", file=sys.stderr)
    except ValueError:
        print(done.stderr[-1000:], file=sys.stderr)
    else:
        return answer
    return None


def main() -> int:
    """Tell, and give the exit code."""
    verdict = judge(ask())
    print("\n".join(verdict.lines))
    return int(verdict.is_failure)


if __name__ == "__main__":
    sys.exit(main())
