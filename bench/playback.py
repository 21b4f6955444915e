"""MediaMTX with its own playback server: it records the half hour that is replayed, and gives it out by `/get`."""

import http.client
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import imageio_ffmpeg

from bench.bench_footage import REPEATED, lengthen
from footage.boxes import BOX_HEADER
from footage.reader import read_segment
from tests.real import (
    RunningMediaMTX,
    find_free_ports,
    get_mediamtx_binary,
    run_mediamtx,
    run_program,
    wait_until,
)

PICTURE = "testsrc2=size=1920x1080:rate=25,noise=alls=12:allf=t"
RATE = "4M"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50", "-pix_fmt", "yuv420p")
AT_ONCE = 65_536


@dataclass(frozen=True)
class Playback:
    """The running MediaMTX, and where its playback server listens."""

    mediamtx: RunningMediaMTX
    port: int

    def get_first_picture(self, name: str, start: datetime, length: timedelta) -> bytes:
        """Ask `/get` for footage of a path, and give its answer up to the end of the first fragment, then hang up."""
        asked = {"path": name, "start": start.isoformat(), "duration": length.total_seconds()}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("GET", f"/get?{urlencode(asked)}")
            answer = line.getresponse()
            assert answer.status == http.client.OK, (answer.status, answer.read(300))
            return _read_first_fragment(answer)
        finally:
            line.close()


@contextmanager
def run_playback(folder: Path) -> Generator[Playback, None, None]:
    """Run it with our configuration, but that it plays back, to everybody, and deletes nothing however old it is."""
    [port] = find_free_ports(1)
    differs = {
        "MTX_PLAYBACK": "yes",
        "MTX_PLAYBACKADDRESS": f"127.0.0.1:{port}",
        "MTX_AUTHINTERNALUSERS_0_PERMISSIONS_2_ACTION": "playback",
        "MTX_PATHDEFAULTS_RECORDDELETEAFTER": "0s",
    }
    with run_mediamtx(get_mediamtx_binary(), folder, environ=differs) as mediamtx:
        yield Playback(mediamtx, port)


def record_footage(mediamtx: RunningMediaMTX, file: Path, fragments: int) -> None:
    """Have twelve seconds recorded, and write so many fragments of 4 s that repeat the first of them."""
    rate = ["-b:v", RATE, "-maxrate", RATE, "-bufsize", RATE]
    target = ["-f", "rtsp", "-rtsp_transport", "tcp", f"{mediamtx.rtsp_url}/bench"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", "-f", "lavfi", "-i", PICTURE, *H264]
    with run_program([*argv, *rate, "-t", "60", *target], subprocess.DEVNULL, {}):
        wait_until(lambda: _find_recorded(mediamtx) is not None, "three fragments are recorded", 60)
    recorded = _find_recorded(mediamtx)
    assert recorded
    lengthen(recorded, file, fragments)


def _find_recorded(mediamtx: RunningMediaMTX) -> Path | None:
    files = (mediamtx.recordings / "bench").glob("*.mp4")
    return next((file for file in files if len(read_segment(file).fragments) > REPEATED), None)


def _read_first_fragment(answer: http.client.HTTPResponse) -> bytes:
    data, at = bytearray(), 0
    while piece := answer.read1(AT_ONCE):
        data += piece
        while len(data) >= at + BOX_HEADER.size:
            size, kind = BOX_HEADER.unpack_from(data, at)
            if len(data) < at + size:
                break
            at += size
            if kind == b"mdat":
                return bytes(data[:at])
    raise AssertionError("the answer ended within its first fragment")
