"""What can go wrong before an ffmpeg runs; what goes wrong while it runs is told by `ffmpeg.failures`."""


class FFmpegError(Exception):
    """Anything this package reports; the text names the cause and the remedy and holds no credentials.

    `kind` is stable and may be stored.
    """

    kind = "not_started"


class FFmpegUnavailable(FFmpegError):
    """No usable ffmpeg on this machine, or one that lacks what is needed."""


class UnsafeSource(FFmpegError):
    """A camera address that is not handed to ffmpeg; the text says why, in words for the person who typed it."""

    kind = "unsafe_source"


class RefusedAddress(FFmpegError):
    """A camera address that leads to where no camera of this city may be; the text is one of `ffmpeg.networks`."""

    kind = "address_refused"


class FFmpegNotStarted(FFmpegError):
    """The operating system did not start the program."""


class FFmpegTooSlow(FFmpegError):
    """It was given a time and needed more."""


class FFmpegRefused(FFmpegError):
    """It ran, and made nothing of what it was given."""
