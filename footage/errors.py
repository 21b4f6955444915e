"""What can go wrong when footage is read."""


class FootageError(Exception):
    """The root of everything this package raises on purpose."""


class BrokenBox(FootageError):
    """A box contradicts itself or the one around it; never leaves the package: the reader turns it into a reason."""


class BrokenIndex(FootageError):
    """Packed fragments are torn, were altered, or come from a newer version; index the segment's file again."""
