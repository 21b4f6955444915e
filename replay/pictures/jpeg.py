"""What a JPEG says of itself."""

from ffmpeg.errors import FFmpegRefused

_FRAMES = {0xC0, 0xC1, 0xC2}


def measure_jpeg(data: bytes) -> tuple[int, int]:
    """Give its width and height from its frame header. Raises FFmpegRefused for what is no JPEG."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    raise FFmpegRefused("ffmpeg wrote what is no JPEG.")
