"""Stands for ffmpeg where a test must say when it fails: behaves as the last part of its camera's address says.

`live` reports progress until a file named by the second argument appears, then stands still; `refused` fails as
ffmpeg does at a closed port; `silent` says nothing; `deaf` is live and ignores SIGTERM; `brief` is live for a moment
and then loses MediaMTX; `noisy` fails as long as it is started with sound.
"""

import signal
import sys
import time
from pathlib import Path

BEHAVIOUR, FREEZE_FILE, SOUND = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
REFUSED = """[in#0 @ 0x5581] [error] Error opening input: Connection refused
[error] Error opening input file rtsp://10.0.0.5/live.
"""
UNCARRIED = "[out#0/rtsp @ 0x5581] [error] Could not write header (incorrect codec parameters ?): Invalid argument\n"
SERVER_GONE = """[out#0/rtsp @ 0x5581] [error] Error writing trailer: Broken pipe
[out#0/rtsp @ 0x5581] [error] Error muxing a packet
"""


def report(frame: int) -> None:
    print(f"frame={frame}\nfps=25\nout_time_us={frame * 40_000}\ntotal_size=N/A\nprogress=continue", flush=True)  # noqa: T201 -- ffmpeg's way of reporting


if BEHAVIOUR == "refused":
    sys.exit(sys.stderr.write(REFUSED) and 1)
if BEHAVIOUR == "noisy" and SOUND == "with sound":
    sys.exit(sys.stderr.write(UNCARRIED) and 1)
if BEHAVIOUR == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
frame = 0
while True:
    if BEHAVIOUR == "brief" and frame == 5:
        sys.exit(sys.stderr.write(SERVER_GONE) and 1)
    if BEHAVIOUR != "silent":
        report(frame)
        frame += not FREEZE_FILE.exists()
    time.sleep(0.03)
