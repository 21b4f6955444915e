"""What can stop the launcher, each said in one sentence with its remedy."""


class LauncherError(Exception):
    """The launcher cannot go on; its text is shown to a person as it is."""


class NotStartedError(LauncherError):
    """Something on this machine must be changed before anything can be started."""


class ServiceFailedError(LauncherError):
    """A service or a step failed while everything was being started."""


class StopRequested(BaseException):
    """A person or the machine asked us to stop; not an error, so no handler of errors may swallow it."""
