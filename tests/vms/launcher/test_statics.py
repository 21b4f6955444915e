"""Whether the static files must be brought together again."""

from pathlib import Path

from vms.launcher.settings import CHECKOUT
from vms.launcher.statics import describe_static_sources


def test_a_player_that_came_or_changed_is_collected(tmp_path: Path) -> None:
    file = tmp_path / "vendor" / "hls.min.js"
    seen = [describe_static_sources(CHECKOUT, tmp_path)]
    file.parent.mkdir()
    for content in ("one", "two"):
        file.write_text(content)
        seen.append(describe_static_sources(CHECKOUT, tmp_path))
    assert len(set(seen)) == 3
    assert describe_static_sources(CHECKOUT, tmp_path) == seen[-1]
