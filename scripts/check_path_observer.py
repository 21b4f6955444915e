"""Shows that the observer tells the truth: a new camera that publishes by itself goes online, is cut, and goes offline.

    .venv/bin/python scripts/check_path_observer.py

Wants `make run`. Adds a camera, publishes to it for a few seconds with ffmpeg, and removes it again.
"""

import os
import signal
import subprocess
import sys
from typing import Any

from installation import ROOT, call_api, read_demo, wait_until

sys.path.insert(0, str(ROOT))
from ffmpeg.binary import find_ffmpeg


def main() -> None:
    """Run the check; exit code 0 only if both changes were seen in time."""
    demo = read_demo()
    camera = call_api(demo, "POST", "/api/v1/cameras", {"name": f"Observer check {os.getpid()}"})
    publishing = call_api(demo, "GET", f"/api/v1/cameras/{camera['id']}/publishing")
    publisher = start_publisher(address_with_password(publishing))
    try:
        wait_until("ONLINE", lambda: is_online(demo, camera["id"]), seconds=20)
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
        wait_until("OFFLINE", lambda: not is_online(demo, camera["id"]), seconds=15)
    finally:
        publisher.kill()
        publisher.wait()
        call_api(demo, "DELETE", f"/api/v1/cameras/{camera['id']}")
    print("passed: the observer saw the path appear and disappear")


def address_with_password(publishing: dict[str, Any]) -> str:
    """Give the address as a camera would use it: MediaMTX takes pictures from those who know the camera's password."""
    credentials = f"{publishing['publish_username']}:{publishing['publish_password']}"
    return str(publishing["publish_url"]).replace("rtsp://", f"rtsp://{credentials}@")


def start_publisher(url: str) -> "subprocess.Popen[bytes]":
    """Publish a small moving picture, for one minute at most."""
    source = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10", "-t", "60"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"]
    argv = [
        str(find_ffmpeg(os.environ)),
        "-nostdin",
        "-loglevel",
        "error",
        *source,
        *encode,
        "-f",
        "rtsp",
        "-rtsp_transport",
        "tcp",
        url,
    ]
    return subprocess.Popen(argv)


def is_online(demo: dict[str, Any], camera_id: str) -> bool:
    """Ask the API for the camera's state."""
    return bool(call_api(demo, "GET", f"/api/v1/cameras/{camera_id}")["is_online"])


if __name__ == "__main__":
    main()
