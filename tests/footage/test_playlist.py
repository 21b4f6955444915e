"""Groups and the text of playlists, out of fragments of every kind."""

from datetime import UTC, datetime, timedelta

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.playlist import BREAK, LONGEST, PLACE, Group, group_fragments, split_runs, write_playlist, write_run
from footage.reader import Fragment

START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)


def lay(*lengths: tuple[float, bool], gap_before: int | None = None, gap: float = 0) -> list[Fragment]:
    """Give fragments of 1,000 bytes one after the other: seconds, and whether each is a key."""
    fragments: list[Fragment] = []
    at = 0.0
    for number, (seconds, is_key) in enumerate(lengths):
        at += gap if number == gap_before else 0
        start, end = timedelta(seconds=at), timedelta(seconds=at + seconds)
        fragments.append(Fragment(700 + 1000 * number, 1000, start, end - start, is_key, 900))
        at += seconds
    return fragments


def sizes(groups: list[Group]) -> list[tuple[float, int, bool]]:
    return [(group.duration.total_seconds(), group.size // 1000, group.is_key) for group in groups]


def test_each_group_begins_with_a_key_where_there_is_one_in_time() -> None:
    usual = lay((4, True), (4, True), (4, True))
    assert sizes(group_fragments(usual)) == [(4, 1, True)] * 3
    long_wait = lay((4, True), (4, False), (4, False), (4, False), (4, True))
    assert sizes(group_fragments(long_wait)) == [(8, 2, True), (8, 2, False), (4, 1, True)]
    short = lay(*[(1, True)] * 9)
    assert sizes(group_fragments(short)) == [(4, 4, True), (4, 4, True), (1, 1, True)]
    assert sizes(group_fragments(lay((20, True), (4, True)))) == [(20, 1, True), (4, 1, True)]
    assert group_fragments([]) == []


def test_sound_alone_goes_with_the_picture_before_it() -> None:
    assert sizes(group_fragments(lay((4, True), (0, False), (0, False), (4, True)))) == [(4, 3, True), (4, 1, True)]


@given(st.lists(st.tuples(st.sampled_from([0.5, 1, 2, 4, 9]), st.booleans()), max_size=40), st.integers(0, 40))
def test_groups_stay_what_they_are_while_a_file_grows(lengths: list[tuple[float, bool]], seen: int) -> None:
    fragments = lay(*lengths)
    whole, before = group_fragments(fragments), group_fragments(fragments[:seen], grows=True)
    assert whole[: len(before)] == before
    assert sum(group.size for group in whole) == 1000 * len(fragments)
    assert all(group.duration <= LONGEST or group.size == 1000 for group in whole)


def test_a_break_inside_a_file_is_told() -> None:
    fragments = lay((4, True), (4, True), gap_before=1, gap=30)
    runs = list(split_runs(START, group_fragments(fragments)))
    assert [run.start for run in runs] == [START, START + timedelta(seconds=34)]
    assert [(run.end - run.start).total_seconds() for run in runs] == [4, 4]
    jitter = lay((4, True), (4, True), gap_before=1, gap=BREAK.total_seconds())
    assert len(list(split_runs(START, group_fragments(jitter)))) == 1


def test_the_text_as_another_reads_it() -> None:
    runs = list(split_runs(START, group_fragments(lay((4, True), (5.5, True), gap_before=1, gap=30))))
    texts = [write_run(run).replace(PLACE, "/footage/t/") for run in runs]
    found = m3u8.loads(write_playlist(texts, timedelta(seconds=5.5), grows=False))
    assert (found.version, found.playlist_type, found.target_duration, found.is_endlist) == (7, "vod", 6, True)
    assert [(each.uri, each.byterange, each.duration, each.discontinuity) for each in found.segments] == [
        ("/footage/t/a.mp4", "1000@700", 4.0, False),
        ("/footage/t/a.mp4", "1000@1700", 5.5, True),
    ]
    assert [each.init_section.uri for each in found.segments] == ["/footage/t/init.mp4"] * 2
    assert [each.program_date_time for each in found.segments] == [START, START + timedelta(seconds=34)]


@pytest.mark.parametrize(("grows", "target"), [(True, 8), (False, 4)])
def test_what_grows_has_no_end_and_a_target_that_stays(*, grows: bool, target: int) -> None:
    found = m3u8.loads(write_playlist(["#EXTINF:4,\nx\n"], timedelta(seconds=4), grows=grows))
    assert (found.is_endlist, found.target_duration, found.media_sequence) == (not grows, target, 0)
