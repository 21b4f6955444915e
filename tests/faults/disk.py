"""The disk that recordings are written to: a tmpfs of 64 MB where mounting is permitted, else a folder and a limit."""

import os
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vms.launcher.guardian import is_alive

SIZE_MB = 64
DEVICE = "vms-faults"


@dataclass(frozen=True)
class Disk:
    """`folder` is the disk's own, `recordings` the folder of recordings on it."""

    folder: Path
    is_tmpfs: bool

    @property
    def recordings(self) -> Path:
        """Where footage goes: not the disk's root, so that what fills the disk is no footage of nobody."""
        return self.folder / "recordings"

    @property
    def words(self) -> str:
        """What it is, for the table."""
        return f"a tmpfs of {SIZE_MB} MB" if self.is_tmpfs else "a folder; a full disk is played by a file size limit"

    def fill(self, mediamtx: int, *, leave: int = 0) -> None:
        """Leave no more than so many bytes to anybody; `mediamtx` is the process that must feel it."""
        if not self.is_tmpfs:
            _limit_files(mediamtx, 0)
            return
        with (self.folder / "ballast").open("ab") as ballast:
            while (free := measure_free(self.folder)) > leave:
                ballast.write(bytes(min(free - leave, 1 << 20)))
                ballast.flush()

    def make_room(self, mediamtx: int) -> None:
        """Take away what filled it."""
        if not self.is_tmpfs:
            _limit_files(mediamtx, resource.RLIM_INFINITY)
        (self.folder / "ballast").unlink(missing_ok=True)

    def keep(self, target: Path) -> None:
        """Copy the recordings to where they outlive the disk."""
        if self.recordings.exists():
            shutil.copytree(self.recordings, target, dirs_exist_ok=True)

    def remove(self) -> None:
        """Unmount it."""
        if self.is_tmpfs:
            program = shutil.which("umount") or "umount"
            subprocess.run([program, "--lazy", str(self.folder)], check=False, stdin=subprocess.DEVNULL)


def make_disk(folder: Path, *, may_mount: bool = True) -> Disk:
    """Mount it, where we may."""
    folder.mkdir(mode=0o755)
    mounted = may_mount and os.geteuid() == 0 and _mount(folder)
    disk = Disk(folder, mounted)
    disk.recordings.mkdir(mode=0o755)
    return disk


def remove_stale_disks(parent: Path, prefix: str) -> None:
    """Unmount what runs left that were killed: their folders are named after their process."""
    for line in Path("/proc/mounts").read_text().splitlines() if Path("/proc/mounts").exists() else []:
        device, folder = line.split()[:2]
        owner = Path(folder).parent.name.removeprefix(prefix)
        is_ours = device == DEVICE and Path(folder).parent.parent == parent
        if is_ours and owner.isdecimal() and not is_alive(int(owner)):
            Disk(Path(folder), is_tmpfs=True).remove()


def measure_free(folder: Path) -> int:
    """Give the bytes that are really available."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _mount(folder: Path) -> bool:
    program = shutil.which("mount")
    argv = [program or "", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", DEVICE, str(folder)]
    return program is not None and subprocess.run(argv, check=False, capture_output=True).returncode == 0


def _limit_files(pid: int, largest: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, hard))
