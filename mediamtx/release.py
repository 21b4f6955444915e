"""Getting MediaMTX from its official release, with nothing installed that its checksums do not vouch for."""

import hashlib
import http.client
import tarfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from .errors import BinaryUnavailable

_PROBE_SECONDS = 6.0
_STALL_SECONDS = 15.0
_DOWNLOAD_SECONDS = 300.0
_MAX_ARCHIVE_BYTES = 200 * 2**20
_REPORT_EVERY_SECONDS = 8.0

# The archives' hashes as pinned, alike, by several unrelated public projects (2026-11); the release's own
# checksums file alone would vouch for nothing, because whoever swaps an archive can swap that file too.
PINNED_SHA256 = {
    "mediamtx_v1.20.1_linux_amd64.tar.gz": "81b143f55a5d23d4a8c028d52869c14ea4a59919900528698fcc97a747fd69c6",
    "mediamtx_v1.20.1_linux_arm64.tar.gz": "d1689f0bfefb1864e5ed3dcc8495eb2d7ec0a654f90bf3cd48980cb3bd08718a",
}


class Opener(Protocol):
    """Opens a URL for reading, each wait on the network bounded by `timeout` seconds."""

    def __call__(self, url: str, *, timeout: float) -> BinaryIO:
        """Give the open answer, or raise OSError."""


def open_url(url: str, *, timeout: float) -> BinaryIO:
    """Open a URL through the standard library, which honours the usual proxy variables."""
    return cast("BinaryIO", urllib.request.urlopen(url, timeout=timeout))  # noqa: S310 -- the URL is our own constant


def download_release(
    version: str, platform: str, into: Path, report: Callable[[str], None], *, opener: Opener = open_url
) -> None:
    """Write the release's `mediamtx` for a platform such as "linux_amd64" to the file `into`, verified.

    Raises BinaryUnavailable with the reason: unreachable within a few seconds, too slow, or a checksum that differs.
    """
    base = f"https://github.com/bluenviron/mediamtx/releases/download/{version}"
    archive_name = f"mediamtx_{version}_{platform}.tar.gz"
    archive = into.with_name(f"{into.name}.tar.gz")
    try:
        listed = _find_checksum(_probe(f"{base}/checksums.sha256", opener), archive_name)
        digest = _download(f"{base}/{archive_name}", archive, report, opener)
        _check_digest(archive_name, digest, listed)
        _extract(archive, into)
    except (OSError, http.client.HTTPException, tarfile.TarError, KeyError) as error:
        raise BinaryUnavailable(f"the official release could not be had ({error})") from error
    finally:
        archive.unlink(missing_ok=True)


def _probe(url: str, opener: Opener) -> str:
    """Fetch a small text within a few seconds, name resolution included, which no socket timeout bounds."""
    answers: list[str | Exception] = []

    def fetch() -> None:
        try:
            with opener(url, timeout=_PROBE_SECONDS) as answer:
                answers.append(answer.read(2**16).decode())
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(_PROBE_SECONDS)
    if not answers:
        raise TimeoutError(f"no answer within {_PROBE_SECONDS:.0f} s")
    if isinstance(answers[0], Exception):
        raise OSError(str(answers[0])) from answers[0]
    return answers[0]


def _find_checksum(checksums: str, archive_name: str) -> str:
    """Give the archive's hash out of lines such as `<sha256> *<name>`."""
    for line in checksums.splitlines():
        digest, _, name = line.partition(" ")
        if name.strip().lstrip("*") == archive_name:
            return digest.lower()
    raise BinaryUnavailable(f"the official release has no {archive_name}")


def _download(url: str, into: Path, report: Callable[[str], None], opener: Opener) -> str:
    """Write the answer to a file and give its sha256."""
    digest = hashlib.sha256()
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    next_report = time.monotonic() + _REPORT_EVERY_SECONDS
    received = 0
    with opener(url, timeout=_STALL_SECONDS) as answer, into.open("wb") as archive:
        while chunk := answer.read(2**18):
            received += len(chunk)
            if received > _MAX_ARCHIVE_BYTES or time.monotonic() > deadline:
                raise OSError(f"the download is too large or too slow ({received / 2**20:.0f} MB received)")
            digest.update(chunk)
            archive.write(chunk)
            if time.monotonic() > next_report:
                report(f"downloading MediaMTX: {received / 2**20:.0f} MB")
                next_report = time.monotonic() + _REPORT_EVERY_SECONDS
    return digest.hexdigest()


def _check_digest(archive_name: str, digest: str, listed: str) -> None:
    expected = {listed, PINNED_SHA256.get(archive_name, listed)}
    if expected != {digest}:
        raise BinaryUnavailable(
            f"the checksum of the downloaded {archive_name} is {digest}, which is not the expected one"
        )


def _extract(archive: Path, into: Path) -> None:
    """Write the one member we want, by content, so that no path inside the archive is ever followed."""
    with tarfile.open(archive, "r:gz") as files:
        member = files.extractfile("mediamtx")
        if member is None:
            raise BinaryUnavailable("the official release's archive holds no mediamtx program")
        with member, into.open("wb") as binary:
            while chunk := member.read(2**20):
                binary.write(chunk)
