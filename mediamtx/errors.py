"""What can go wrong between us and MediaMTX."""


class MediaMTXError(Exception):
    """The root of everything this package raises on purpose."""


class MediaMTXUnavailable(MediaMTXError):
    """MediaMTX gave no valid answer: refused, too slow, 401/403/5xx, not JSON, or a page that is not whole.

    This is never "path not found": the caller knows nothing and must change no camera's state (UNKNOWN).
    """


class BinaryUnavailable(MediaMTXError):
    """No way led to a MediaMTX binary; the message is one sentence that names the remedy."""


class ForeignConfig(MediaMTXError):
    """A configuration that is not one of ours, or no longer: it is left alone. The message says why, and the remedy."""


class InvalidConfig(MediaMTXError):
    """A value cannot be written into MediaMTX's configuration without changing its meaning there."""
