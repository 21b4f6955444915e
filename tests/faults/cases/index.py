"""The index and the disk: a marker that is missing, rows that are lost, two passes at once."""

import subprocess
import time

from tests.faults.cases.ring import TURN
from tests.faults.checker import Fault, Violation
from tests.faults.registry import case
from tests.faults.scene import Scene, side_by_side

_LOSE_HALF = "DELETE FROM recording_segment WHERE media_server_id = %s AND mod(id, 2) = %s AND held_file = ''"
_SHORTEN = "UPDATE recording_segment SET whole_bytes = 0, size = 0 WHERE media_server_id = %s AND state = 'ready'"
_DOUBT = "SELECT doubt FROM recording_storage WHERE media_server_id = %s"
_TWICE = "SELECT file FROM recording_segment GROUP BY file HAVING count(*) > 1"


@case("no row vanishes, and the pass says why", trials=2, short=True)
def missing_marker(scene: Scene) -> Fault:
    """The marker is gone, and footage with it, as where a disk is not mounted; then both are back."""
    root, at = scene.installation.recordings, time.time()
    marker = root / ".vms-footage"
    away = root.parent / "away"
    away.mkdir(exist_ok=True)
    assert scene.before is not None
    gone = [row.file for row in scene.before.rows if row.state == "ready"]
    marker.rename(away / "marker")
    for number, file in enumerate(gone):
        (root / file).rename(away / str(number))
    try:
        done = scene.check_footage("--repair")
        left = {row.pk for row in scene.read_facts().rows}
    finally:
        for number, file in enumerate(gone):
            (away / str(number)).rename(root / file)
        (away / "marker").rename(marker)
    seen = [Violation("nothing vanishes", row.file) for row in scene.before.rows if row.pk not in left]
    if done.returncode == 0 or "marker" not in done.stdout:
        seen.append(Violation("doubt is told", f"check_footage ended with {done.returncode}: {done.stdout}"))
    return Fault(at, seen=tuple(seen))


@case("each file has one right row; one pass works, the other gives way", trials=2)
def two_reconcilers(scene: Scene) -> Fault:
    """Half of the rows are lost and the rest lie; two full passes repair it at the same time."""
    at = time.time()
    scene.execute(_LOSE_HALF, scene.server_id, scene.rng.randrange(2))
    scene.execute(_SHORTEN, scene.server_id)
    done: list[subprocess.CompletedProcess[str]] = []
    side_by_side(*[lambda: done.append(scene.check_footage("--repair"))] * 2)
    seen = [Violation("each file has one row", str(row)) for row in scene.execute(_TWICE)]
    if not any(each.returncode == 0 for each in done) or len(done) < 2:
        said = "; ".join(each.stdout + each.stderr for each in done)
        seen.append(Violation("a pass repairs", said))
    remembered = scene.remember()
    return Fault(max(at, remembered.at), seen=tuple(seen))


@case("the doubt stands in the storage's row and stops the ring; with the marker it goes", trials=1)
def doubted_disk(scene: Scene) -> Fault:
    """The marker is gone for longer: what may delete must know, and forget it when all is well again."""
    root, at = scene.installation.recordings, time.time()
    marker, away = root / ".vms-footage", root.parent / "marker"
    marker.rename(away)
    try:
        scene.check_footage("--repair")
        doubted = scene.execute(_DOUBT, scene.server_id)
        turns = scene.installation.run_script(TURN.format(server=scene.server_id, seconds=0, steps=[0]))
    finally:
        away.rename(marker)
    scene.check_footage("--repair")
    seen = [] if doubted != [("",)] else [Violation("doubt is told", "the storage's row says nothing")]
    seen += [Violation("doubt stops the ring", "it was not refused") for _, _, refused in turns if not refused]
    if scene.execute(_DOUBT, scene.server_id) != [("",)]:
        seen.append(Violation("doubt goes", "the marker is back, the doubt stays"))
    return Fault(at, seen=tuple(seen))
