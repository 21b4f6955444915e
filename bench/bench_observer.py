"""A look at a media server with 10,000 paths, end to end, against the least that anybody must do, and the usual way."""

import json
import logging
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from bench.database import use_test_database
from bench.report import Report, Rounds, describe_machine, run_rounds
from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import every_city
from mediamtx.binary import MEDIAMTX_VERSION
from mediamtx.client import MediaMTXClient
from mediamtx.config import ConfigValues, render_config
from mediamtx.names import stream_id_for
from observers.observer import Observation, PathObserver
from tests.fakes.mediamtx import describe_path, write_page
from tests.real import answers, find_free_ports, get_mediamtx_binary, run_program, wait_until

GOAL = 1.25
FLIPS = 100
WHOLE = "/v3/paths/list?itemsPerPage=100000"


@dataclass(frozen=True)
class Size:
    """How much is measured; the usual way gets fewer rounds, because one takes ten seconds and more."""

    paths: int
    rounds: int
    usual_rounds: int


FULL = Size(paths=10_000, rounds=11, usual_rounds=7)
QUICK = Size(paths=1_000, rounds=7, usual_rounds=3)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size = QUICK if quick else FULL
    machine = describe_machine()
    with use_test_database() as postgres, tempfile.TemporaryDirectory() as folder, _log_to_nowhere():
        site = Site.make(size.paths)
        with _replay(Path(folder), site.ids) as url:
            unchanged = _measure_unchanged(site, f"{url}/0", size.rounds)
            flipping = _measure(site, [f"{url}/1", f"{url}/0"], size.rounds)
        with _configured_mediamtx(Path(folder), site.ids) as url:
            idle = _measure_unchanged(site, url, size.rounds)
            usual = _measure_usual(site, url, size.usual_rounds)
    cases = {
        f"{size.paths:,} live cameras, nothing changed": unchanged,
        f"{size.paths:,} live cameras, {FLIPS} came or went": flipping,
        f"{size.paths:,} paths of the real MediaMTX, nobody publishes, nothing changed": idle,
    }
    text = _write(size, cases, usual, f"{machine}, Postgres {postgres}, MediaMTX {MEDIAMTX_VERSION}")
    return Report(text, met=quick or all(_ratio(rounds) <= GOAL for rounds in cases.values()))


@contextmanager
def _log_to_nowhere() -> Generator[None, None, None]:
    """Let log lines cost what they cost in production without covering the tables."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logging.basicConfig(stream=nowhere, level=logging.INFO, force=True)
        yield


@dataclass
class Site:
    """One city's cameras on one media server, and the moment of the next look: ten seconds after the last."""

    server_id: int
    ids: list[UUID]
    now: datetime = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)

    @classmethod
    def make(cls, count: int) -> "Site":
        """Write the rows."""
        city, server = City.objects.create(name="Bench"), MediaServer.objects.create(name="bench")
        with every_city("the benchmark's only city"):
            cameras = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(count)]
            Camera.objects.bulk_create(cameras, batch_size=1_000)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE cameras_camera")
        return cls(server.pk, [camera.pk for camera in cameras])

    def look(self, url: str) -> Observation:
        """Do what a worker does every ten seconds."""
        self.now += timedelta(seconds=10)
        server = MediaServer.objects.get(pk=self.server_id)
        with every_city("the benchmark's only city"):
            return PathObserver(server.pk, url).observe(now=self.now)

    def settle(self, url: str) -> None:
        """Look until nothing changes any more; a new MediaMTX is first given its grace."""
        for _ in range(8):
            observation = self.look(url)
        assert observation.camera_rows_written == 0

    def read_versions(self) -> str:
        """Give a value that changes with any write to any camera's row: its version and place in the table."""
        versions = "SELECT count(*), md5(string_agg(xmin::text || ctid::text, ',' ORDER BY id)) FROM cameras_camera"
        with every_city("the benchmark's only city"), connection.cursor() as cursor:
            cursor.execute(versions)
            count, value = cursor.fetchone()
        assert count == len(self.ids), "the rows are not all in sight"
        return str(value)

    def update_as_usual(self, url: str) -> None:
        """Do what is usually written first: default pages, every row read, set and saved by `bulk_update`."""
        online = {item["name"] for page in _fetch_pages(url) for item in page["items"] if item["ready"]}
        with every_city("the benchmark's only city"):
            cameras = list(Camera.objects.filter(media_server=self.server_id))
            for camera in cameras:
                camera.is_online = camera.stream_id in online
            Camera.objects.bulk_update(cameras, ["is_online"], batch_size=500)


def _measure_unchanged(site: Site, url: str, rounds: int) -> Rounds:
    site.settle(url)
    before = site.read_versions()
    measured = _measure(site, [url], rounds)
    assert site.read_versions() == before, "a look wrote cameras although nothing had changed"
    return measured


def _measure(site: Site, urls: list[str], rounds: int) -> Rounds:
    """Look and fetch in turn, at the next address each round; a look that sees another page must tell the flips."""
    flips = FLIPS if len(urls) > 1 else 0

    def look(number: int) -> None:
        assert site.look(urls[number % len(urls)]).camera_rows_written == flips

    def fetch(number: int) -> None:
        _fetch_plainly(urls[number % len(urls)] + WHOLE)

    if flips:
        site.look(urls[0])
    return run_rounds(rounds, {"plain": fetch, "look": look, "plain again": fetch})


def _measure_usual(site: Site, url: str, rounds: int) -> Rounds:
    """Measured last and by itself: the 10,000 row versions it leaves behind each time would slow the others."""
    return run_rounds(
        rounds, {"plain": lambda _: _fetch_plainly(url + WHOLE), "usual": lambda _: site.update_as_usual(url)}
    )


def _fetch_plainly(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 -- our own server on loopback
        return json.loads(answer.read())


def _fetch_pages(url: str) -> Iterator[Any]:
    number, count = 0, 1
    while number < count:
        page = _fetch_plainly(f"{url}/v3/paths/list?page={number}")
        number, count = number + 1, page["pageCount"]
        yield page


@contextmanager
def _replay(folder: Path, ids: list[UUID]) -> Generator[str, None, None]:
    """Serve two pages: all cameras online, and all but the last of them."""
    files = [folder / "all.json", folder / "fewer.json"]
    for file, online in zip(files, (ids, ids[:-FLIPS]), strict=True):
        file.write_bytes(write_page(describe_path(stream_id_for(camera_id)) for camera_id in online))
    argv = [sys.executable, "-m", "bench.replay", *map(str, files)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@contextmanager
def _configured_mediamtx(folder: Path, ids: list[UUID]) -> Generator[str, None, None]:
    """Run the real MediaMTX with the paths in its configuration file: so many publishers fit no small machine."""
    api, rtsp, hls, webrtc, udp = find_free_ports(5)
    values = ConfigValues(
        record_root=folder,
        api_address=f"127.0.0.1:{api}",
        rtsp_address=f"127.0.0.1:{rtsp}",
        hls_address=f"127.0.0.1:{hls}",
        webrtc_address=f"127.0.0.1:{webrtc}",
        webrtc_udp_address=f"127.0.0.1:{udp}",
    )
    config = folder / "mediamtx.yml"
    names = "".join(f'  "{stream_id_for(camera_id)}": {{}}\n' for camera_id in ids)
    config.write_text(render_config(values) + names, encoding="utf-8")
    with run_program([get_mediamtx_binary(), config], subprocess.DEVNULL, {"TZ": "UTC"}):
        client = MediaMTXClient(f"http://127.0.0.1:{api}")
        wait_until(lambda: answers(client), "MediaMTX answers", 60)
        assert len(client.list_paths().paths) == len(ids)
        yield f"http://127.0.0.1:{api}"


def _write(size: Size, cases: dict[str, Rounds], usual: Rounds, machine: str) -> str:
    lines = [
        "| | wall ms: median (min–max) | our CPU ms | ratio, round by round: median (min–max) |",
        "|---|---|---|---|",
    ]
    for case, rounds in cases.items():
        lines += [
            f"| **{case}** | | | |",
            f"| one plain fetch + `json.loads` | {rounds.describe('plain', 'plain')} |",
            f"| the same again (noise) | {rounds.describe('plain again', 'plain')} |",
            f"| our look, end to end | {rounds.describe('look', 'plain')} |",
        ]
    lines += [
        f"| **{size.paths:,} paths of the real MediaMTX, the usual way** | | | |",
        f"| one plain fetch + `json.loads` | {usual.describe('plain', 'plain')} |",
        f"| default pages of 100 + `bulk_update` | {usual.describe('usual', 'plain')} |",
    ]
    verdicts = [_judge(size, case, _ratio(rounds)) for case, rounds in cases.items()]
    return "\n".join(
        [*lines, "", *verdicts, "", f"{size.rounds} rounds ({size.usual_rounds} for the usual way). {machine}."]
    )


def _ratio(rounds: Rounds) -> float:
    return rounds.median_ratio("look", "plain")


def _judge(size: Size, case: str, ratio: float) -> str:
    verdict = "met" if ratio <= GOAL else "missed"
    goal = f", goal ≤ {GOAL}: {verdict}" if size == FULL else f" (the goal is one for {FULL.paths:,})"
    return f"- {case}: {ratio:.2f} times the plain fetch{goal}"
