"""A dead process of this machine is known as dead; of everybody else nothing is concluded."""

import os
import subprocess
import sys

from streams.ingest.neighbours import find_dead, name_this_process


def name_of(pid: int) -> str:
    return f"{name_this_process().rpartition(':')[0]}:{pid}#abcd"


def test_only_the_dead_of_this_machine_are_found() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    here, namespace, _ = name_this_process().split(":")
    others = [
        f"{name_this_process()}#1234",
        name_of(os.getppid()),
        f"elsewhere:{namespace}:{child.pid}#1",
        f"{here}:1:{child.pid}#1",
    ]
    assert find_dead([*others, "chosen by hand#1", "", name_of(child.pid)]) == [name_of(child.pid)]
