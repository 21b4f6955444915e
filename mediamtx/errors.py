"""What can go wrong between us and MediaMTX."""


class MediaMTXError(Exception):
    """The root of everything this package raises on purpose."""


class MediaMTXUnavailable(MediaMTXError):  # noqa: N818 -- the name says a state (UNKNOWN), which callers must not take for "not found"
    """MediaMTX gave no valid answer: refused, too slow, 401/403/5xx, not JSON, or a page that is not whole.

    This is never "path not found": the caller knows nothing and must change no camera's state (UNKNOWN).
    """


class BinaryUnavailable(MediaMTXError):  # noqa: N818 -- read as a sentence: the binary is unavailable
    """No way led to a MediaMTX binary; the message is one sentence that names the remedy."""


class InvalidConfig(MediaMTXError):  # noqa: N818 -- read as a sentence: the configuration is invalid
    """A value cannot be written into MediaMTX's configuration without changing its meaning there."""
