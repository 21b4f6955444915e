"""The specification's "Teste Manual" with real files: enable recording, start the stream, wait 35 s, look at the disk.

    .venv/bin/python scripts/check_full_flow.py [camera id]

Wants `make run`. Leaves the camera recording, as it found or was asked to make it.
"""

import sys
import time
from pathlib import Path

from installation import call_api, read_demo

WAIT_SECONDS = 35


def main() -> None:
    """Run the check; exit code 0 only if footage grew."""
    demo = read_demo()
    camera_id = sys.argv[1] if len(sys.argv) > 1 else demo["cameras"][0]["id"]
    began = time.time()
    enabled = call_api(demo, "PUT", f"/api/v1/cameras/{camera_id}/recording")
    call_api(demo, "POST", f"/api/v1/streams?camera_id={camera_id}")
    print(f"waiting {WAIT_SECONDS} s")
    time.sleep(WAIT_SECONDS)
    status = call_api(demo, "GET", f"/api/v1/cameras/{camera_id}/recording")
    written = list_files_written_since(Path(enabled["storage_path"]), began)
    for file in written:
        print(f"{file}  {file.stat().st_size:,} bytes")
    if not (status["recording"] and written):
        sys.exit("FAILED: no footage was written since recording was enabled")
    print("passed: recording is on and footage grows")


def list_files_written_since(folder: Path, moment: float) -> list[Path]:
    """Give the footage files in a folder that grew since a moment (seconds since the epoch)."""
    return sorted(file for file in folder.glob("*.mp4") if file.stat().st_mtime >= moment and file.stat().st_size)


if __name__ == "__main__":
    main()
