"""What can go wrong before an ffmpeg runs; what goes wrong while it runs is told by `ffmpeg.failures`."""


class FFmpegError(Exception):
    """Anything this package reports; the text names the cause and the remedy and holds no credentials."""


class FFmpegUnavailable(FFmpegError):
    """No usable ffmpeg on this machine, or one that lacks what is needed."""


class UnsafeSource(FFmpegError):
    """A camera address that is not handed to ffmpeg; the text says why, in words for the person who typed it."""


class FFmpegNotStarted(FFmpegError):
    """The operating system did not start the program."""
