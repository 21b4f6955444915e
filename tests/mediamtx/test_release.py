"""The official release: nothing is installed that its checksums do not vouch for."""

import hashlib
import io
import tarfile
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from mediamtx import release
from mediamtx.errors import BinaryUnavailable
from mediamtx.release import download_release

BASE = "https://github.com/bluenviron/mediamtx/releases/download/v9.9.9"
ARCHIVE = "mediamtx_v9.9.9_linux_amd64.tar.gz"


class Web:
    """Answers from a table of URLs."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers

    def __call__(self, url: str, *, timeout: float) -> BinaryIO:
        """Open one of them."""
        assert timeout > 0
        if url not in self.answers:
            raise OSError(f"HTTP Error 404: {url}")
        return io.BytesIO(self.answers[url])


def make_archive(name: str = "mediamtx", content: bytes = b"program") -> bytes:
    """Give a release's archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        files.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def make_web(archive: bytes, listed: str | None = None) -> Web:
    """Give a release with its checksums file, as `sha256sum -b` writes it."""
    digest = listed or hashlib.sha256(archive).hexdigest()
    checksums = f"{'0' * 64} *mediamtx_v9.9.9_windows_amd64.zip\n{digest} *{ARCHIVE}\n"
    return Web({f"{BASE}/checksums.sha256": checksums.encode(), f"{BASE}/{ARCHIVE}": archive})


def get(web: Web, into: Path) -> None:
    """Download for linux_amd64."""
    download_release("v9.9.9", "linux_amd64", into, lambda _: None, opener=web)


def test_the_program_of_a_verified_archive_is_written(tmp_path: Path) -> None:
    get(make_web(make_archive()), tmp_path / "program")
    assert (tmp_path / "program").read_bytes() == b"program"
    assert [path.name for path in tmp_path.iterdir()] == ["program"]


def test_an_archive_that_differs_from_its_checksum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BinaryUnavailable, match="checksum"):
        get(make_web(make_archive(), listed="a" * 64), tmp_path / "program")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_differs_from_our_pin_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(release.PINNED_SHA256, ARCHIVE, "b" * 64)
    with pytest.raises(BinaryUnavailable, match="checksum"):
        get(make_web(make_archive()), tmp_path / "program")
    assert list(tmp_path.iterdir()) == []


def test_a_release_without_our_machine_is_told(tmp_path: Path) -> None:
    web = Web({f"{BASE}/checksums.sha256": b"0 *other.tar.gz\n"})
    with pytest.raises(BinaryUnavailable, match=f"no {ARCHIVE}"):
        get(web, tmp_path / "program")


@pytest.mark.parametrize("archive", [make_archive("other"), b"no archive"], ids=["no archive", "no program"])
def test_an_archive_without_the_program_is_told(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(BinaryUnavailable):
        get(make_web(archive), tmp_path / "program")
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_swallows_everything_is_given_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(url: str, *, timeout: float) -> BinaryIO:
        released.wait(30)
        raise OSError(url)

    monkeypatch.setattr(release, "_PROBE_SECONDS", 0.1)
    with pytest.raises(BinaryUnavailable, match="no answer within"):
        download_release("v9.9.9", "linux_amd64", tmp_path / "program", lambda _: None, opener=hang)
    released.set()


def test_a_download_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "_MAX_ARCHIVE_BYTES", 10)
    with pytest.raises(BinaryUnavailable, match="too large"):
        get(make_web(make_archive()), tmp_path / "program")
    assert list(tmp_path.iterdir()) == []
