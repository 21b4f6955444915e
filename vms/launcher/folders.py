"""Folders of one run: the short one for sockets."""

import os
import shutil
import tempfile
from pathlib import Path

from vms.launcher.errors import NotStartedError
from vms.launcher.ownership import Owner, can_reach

LONGEST_SOCKET_PATH = 107
"""Bytes that fit into sockaddr_un.sun_path on Linux, without the closing zero (103 on macOS)."""

LONGEST_NAME_IN_IT = len("/vms-xxxxxxxx/postgres/.s.PGSQL.5432")


def make_run_folder(owner: Owner | None) -> Path:
    """Make the folder for unix sockets: in the temp folder, short, entered by us only.

    Where servers run as another uid that uid may pass through it (mode 0711) to its own folder below, and nobody else
    can list what is there. Raises NotStartedError.
    """
    for parent in dict.fromkeys([Path(tempfile.gettempdir()), Path("/tmp")]):  # noqa: S108 -- mkdtemp makes it private
        if len(os.fsencode(parent)) + LONGEST_NAME_IN_IT <= 103 and can_reach(parent, owner):
            return _make_folder(parent, owner)
    raise NotStartedError(
        "There is no temp folder with a short path for sockets: set TMPDIR to one, for instance /tmp."
    )


def remove_stale_run_folder(path: str | None) -> None:
    """Remove the socket folder that a killed run noted, if it is one of ours."""
    if path is not None and Path(path).name.startswith("vms-") and not Path(path).is_symlink():
        shutil.rmtree(path, ignore_errors=True)


def _make_folder(parent: Path, owner: Owner | None) -> Path:
    try:
        folder = Path(tempfile.mkdtemp(prefix="vms-", dir=parent)).resolve()
    except OSError as error:
        raise NotStartedError(
            f"The temp folder {parent} cannot be written: {error}. Set TMPDIR to one that can."
        ) from error
    if owner is not None:
        folder.chmod(0o711)
    return folder
