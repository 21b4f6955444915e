"""Cameras that publish by themselves and come back by themselves: `ffmpeg -c copy` of one small file, in a loop."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg

from vms.launcher.children import Child, Program, current_environment, start_child
from vms.launcher.guardian import kill_group
from vms.launcher.guarding import Guardian

PICTURE_SECONDS = 1200
FIRST_AGAIN_SECONDS, NEXT_AGAIN_SECONDS = 0.5, 0.4
"""Cameras come back one after another: a look between the first and the last meets half a list."""


def make_picture(path: Path) -> Path:
    """Encode what the cameras show: tiny, a keyframe each second, about 1 kB/s."""
    source = f"testsrc=size=64x48:rate=10:duration={PICTURE_SECONDS}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-f", "lavfi", "-i", source]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "45", "-g", "10"]
    argv += ["-pix_fmt", "yuv420p", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, timeout=300)
    return path


@dataclass
class Cameras:
    """The running cameras, by their stream's name."""

    picture: Path
    rtsp_port: int
    logs: Path
    guardian: Guardian
    passwords: dict[str, str] = field(default_factory=dict)
    """What each shows to MediaMTX: `user:password`."""
    running: dict[str, Child] = field(default_factory=dict)

    def switch_on(self, *streams: str) -> None:
        """Have these publish from now on, again and again."""
        for stream in streams:
            program = self._describe(stream, FIRST_AGAIN_SECONDS + NEXT_AGAIN_SECONDS * len(self.running))
            self.running[stream] = start_child(program, f"faults-{os.getpid()}", 2, self.guardian)

    def switch_off(self, *streams: str) -> None:
        """Have these publish no more."""
        for stream in streams:
            child = self.running.pop(stream)
            kill_group(child.group)
            child.process.wait(10)
            self.guardian.forget(child.group)

    def stop(self) -> None:
        """Switch all off."""
        self.switch_off(*self.running)

    def _describe(self, stream: str, again_after: float) -> Program:
        url = f"rtsp://{self.passwords[stream]}@127.0.0.1:{self.rtsp_port}/{stream}"
        show = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-stream_loop", "-1", "-re"]
        show += ["-i", str(self.picture), "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", url]
        return Program(
            name=stream,
            argv=("/bin/sh", "-c", f'while :; do "$@"; sleep {again_after}; done', "sh", *show),
            env=current_environment(),
            log=self.logs / f"{stream}.log",
            stop_within=2.0,
        )
