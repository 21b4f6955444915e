"""`python -m bench [quick] [--write] [name …]`: runs the benchmarks and prints their tables."""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from bench.report import Report, write_section
from bench.server import provide_server

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

BENCHMARKS = {
    "observer": "bench.bench_observer",
    "footage": "bench.bench_footage",
    "timeline": "bench.bench_timeline",
    "ring": "bench.bench_ring",
    "index": "bench.bench_index",
    "walls": "bench.bench_walls",
    "recording": "bench.bench_recording",
    "authorise": "bench.bench_authorise",
    "replay": "bench.bench_replay",
    "cameras": "bench.bench_cameras",
}
"""The module of each; its `run(quick)` gives the report. Imported when a database is there and Django is set up."""


def main(arguments: list[str]) -> int:
    """Run what is asked for, all by default; 1 if a goal was missed."""
    chosen = _read(arguments)
    names = [word for word in chosen.words if word != "quick"] or list(BENCHMARKS)
    with provide_server():
        os.environ["DJANGO_SETTINGS_MODULE"] = "vms.settings_test"
        django.setup()
        reports = [_run(name, quick="quick" in chosen.words, write=chosen.write) for name in names]
    return 0 if all(report.met for report in reports) else 1


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Runs the benchmarks and prints their tables.")
    known = ["quick", *BENCHMARKS]
    parser.add_argument("words", nargs="*", metavar="word", help=f"any of: {', '.join(known)}")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.parent.name}/{PAGE.name}")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.words) - set(known)):
        parser.error(f"unknown: {', '.join(unknown)}")
    return chosen


def _run(name: str, *, quick: bool, write: bool) -> Report:
    report: Report = import_module(BENCHMARKS[name]).run(quick)
    print(report.text)
    if write:
        write_section(PAGE, name, report.text)
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
