"""The entries that keep cameras off the disk."""

import random
import re
from dataclasses import replace
from pathlib import PurePosixPath
from uuid import UUID

import pytest
import yaml

from mediamtx.config import DOCKER_VALUES, render_config
from mediamtx.errors import ForeignConfig
from mediamtx.recording_switch import (
    NAMES_IN_A_PAGE_BYTES,
    compose_names,
    compose_paths,
    read_off,
    read_off_in_force,
    replace_off,
)

A = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")
B = UUID("11111111-2222-4333-8444-555555555555")
OURS = render_config(DOCKER_VALUES)


def make_ids(count: int) -> set[UUID]:
    """Give that many cameras."""
    numbers = random.Random(count)  # noqa: S311 -- made-up cameras, the same each time
    return {UUID(int=numbers.getrandbits(128), version=4) for _ in range(count)}


def test_nobody_off_is_the_section_as_specified() -> None:
    assert compose_paths([]) == "paths:\n  all_others: {}\n"


def test_cameras_that_are_off_stand_in_one_anchored_entry_before_all_others() -> None:
    assert compose_paths([A, B]) == (f'paths:\n  ? "~^stream_({B}|{A})$"\n  : {{record: no}}\n  all_others: {{}}\n')
    assert yaml.safe_load(compose_paths([A, B])) == {
        "paths": {f"~^stream_({B}|{A})$": {"record": False}, "all_others": {}}
    }


def test_the_entry_matches_these_cameras_and_no_other_name() -> None:
    (name,) = compose_names([A, B])
    pattern = re.compile(name.removeprefix("~"))
    names = [f"stream_{A}", f"stream_{B}", f"stream_{A}0", f"xstream_{A}", str(A), f"stream_{A}/x", "stream_", ""]
    assert [bool(pattern.search(each)) for each in names] == [True, True, *[False] * 6]


@pytest.mark.parametrize(
    ("count", "entries"), [(0, 0), (1, 1), (464, 1), (465, 2), (1000, 5), (5000, 117), (10_000, 477)]
)
def test_names_never_swell_a_page_of_live_paths(count: int, entries: int) -> None:
    """MediaMTX repeats the entry's whole name for each live path."""
    names = compose_names(make_ids(count))
    repeated = sum(len(name) * name.count("-") // 4 for name in names)
    assert len(names) == entries
    assert repeated <= NAMES_IN_A_PAGE_BYTES + 11 * count


@pytest.mark.parametrize("count", [0, 1, 2, 465, 5000])
def test_what_was_written_is_read_back(count: int) -> None:
    ids = make_ids(count)
    text = replace_off(OURS, ids)
    assert read_off(text) == ids
    assert list(yaml.safe_load(text)["paths"].values()) == [{"record": False}] * len(compose_names(ids)) + [{}]


def test_nothing_but_the_section_changes_and_there_is_a_way_back() -> None:
    text = replace_off(OURS, [A])
    head = OURS.removesuffix("paths:\n  all_others: {}\n")
    assert text == head + compose_paths([A])
    assert replace_off(text, []) == OURS
    assert text == render_config(DOCKER_VALUES, off=[A])


def test_an_operators_own_values_above_the_section_stay() -> None:
    tuned = OURS.replace("recordDeleteAfter: 7d", "recordDeleteAfter: 0s")
    assert replace_off(replace_off(tuned, [A]), []) == tuned


def test_a_folder_that_looks_like_the_section_does_not_confuse() -> None:
    text = render_config(replace(DOCKER_VALUES, record_root=PurePosixPath("/srv/\npaths:\n  all_others: {}\n")))
    assert read_off(replace_off(text, [A])) == {A}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "paths:\n  all_others: {}\n",
        OURS[: len(OURS) // 2],
        OURS.removesuffix(" {}\n"),
        OURS.removesuffix("  all_others: {}\n"),
        OURS + "  mine: {}\n",
        OURS + "\n",
        OURS.replace("  all_others: {}", "  mine: {}\n  all_others: {}"),
        OURS.replace("  all_others: {}", "  all_others: {record: no}"),
        OURS.replace("# MediaMTX", "# Mine, MediaMTX"),
        OURS.replace("\npathDefaults:", "\n# pathDefaults:"),
        replace_off(OURS, [A]).replace("record: no", "record: yes"),
        replace_off(OURS, [A]).replace(")$", ")"),
        replace_off(OURS, [A]).replace(str(A), f"{A}|.*"),
        replace_off(OURS, [A]).replace(str(A), str(A).upper()),
    ],
)
def test_a_text_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(ForeignConfig):
        read_off(text)
    with pytest.raises(ForeignConfig):
        replace_off(text, [B])


def test_what_is_in_force_is_read_from_the_answer() -> None:
    entries = [{"name": name, "record": False} for name in compose_names(make_ids(1000))]
    strangers = [
        {"name": "all_others", "record": True},
        {"name": f"~^stream_({A})$", "record": True},
        {"name": f"~^stream_({B})", "record": False},
        {"name": "~^.*$", "record": False},
        {},
    ]
    assert read_off_in_force([*entries, *strangers]) == make_ids(1000)
