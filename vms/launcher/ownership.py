"""Who owns the embedded Postgres: a Postgres refuses to run as root, so there it is an unprivileged uid."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED_UID = 65534
"""`nobody` on every current Linux: an account that exists, owns nothing and needs no `useradd`."""


@dataclass(frozen=True)
class Owner:
    """The uid and gid a server is run as."""

    uid: int
    gid: int


def choose_owner(uid: int) -> Owner | None:
    """The owner for a launcher running as ``uid``: another one for root, None (stay who we are) for anyone else."""
    return Owner(UNPRIVILEGED_UID, UNPRIVILEGED_UID) if uid == 0 else None


def can_reach(path: Path, owner: Owner | None) -> bool:
    """Whether the owner gets to the folder or program at ``path`` (asked of the kernel, as that uid)."""
    if owner is None:
        return os.access(path, os.X_OK)
    asked = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        check=False,
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        user=owner.uid,
        group=owner.gid,
        extra_groups=[],
    )
    return asked.returncode == 0


def give_folder(folder: Path, owner: Owner | None) -> Path:
    """Make the folder (its parent must exist) readable by its owner only, and hand it over; gives the folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)
    return folder
