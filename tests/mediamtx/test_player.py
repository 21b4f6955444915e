"""Getting hls.js for our own pages, with a small program in the part of npm."""

import base64
import hashlib
from pathlib import Path

import pytest

from mediamtx import player
from mediamtx.errors import BinaryUnavailable
from mediamtx.player import install_player
from tests.mediamtx.test_build import Tools, make_package, tools

__all__ = ["tools"]  # the fixture


def install(tools: Tools, said: list[str] | None = None) -> Path:
    """Install the player and give the file."""
    into = tools.folder / "assets" / "vendor" / "hls.min.js"
    install_player(into, cache=tools.cache, environ=tools.environ, report=(said if said is not None else []).append)
    return into


def test_the_player_is_unpacked_into_its_place(tools: Tools) -> None:
    assert install(tools).read_bytes() == b"hls player"


def test_no_source_map_is_named_that_is_not_there(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    package = make_package(b"play()\n//# sourceMappingURL=hls.min.js.map\n")
    (tools.folder / "package.tgz").write_bytes(package)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    monkeypatch.setattr(player, "HLSJS_INTEGRITY", integrity)
    assert install(tools).read_bytes() == b"play()"


def test_the_registry_is_asked_once(tools: Tools) -> None:
    into = install(tools)
    tools.write("npm", "#!/bin/sh\nexit 1\n")
    into.unlink()
    assert install(tools).read_bytes() == b"hls player"


def test_a_damaged_cache_is_got_anew(tools: Tools) -> None:
    install(tools)
    (tools.cache / "hlsjs" / f"hls.js-{player.HLSJS_VERSION}.tgz").write_bytes(b"damaged")
    said: list[str] = []
    assert install(tools, said).read_bytes() == b"hls player"
    assert said == [f"fetching hls.js {player.HLSJS_VERSION} with npm"]


def test_another_file_in_its_place_is_replaced(tools: Tools) -> None:
    install(tools).write_bytes(b"something else")
    assert install(tools).read_bytes() == b"hls player"


def test_another_package_than_the_pinned_one_is_refused_and_not_kept(tools: Tools) -> None:
    (tools.folder / "package.tgz").write_bytes(make_package(b"something else"))
    with pytest.raises(BinaryUnavailable, match="differs from the one we pinned"):
        install(tools)
    assert sorted(path.name for path in tools.cache.iterdir()) == ["home"]


def test_the_command_ends_well_and_says_what_is_missing(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.write("npm", "#!/bin/sh\necho 'no such host' >&2\nexit 1\n")
    for name, value in (tools.environ | {"VMS_CACHE": str(tools.cache)}).items():
        monkeypatch.setenv(name, value)
    into = tools.folder / "hls.min.js"
    monkeypatch.setattr("sys.argv", ["player", "--into", str(into)])
    assert (player.main(), into.exists()) == (0, False)
    assert "footage is not played in browsers" in capsys.readouterr().out
