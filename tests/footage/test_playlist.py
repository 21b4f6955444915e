"""Groups and the text of playlists, out of fragments of every kind."""

from datetime import UTC, datetime, timedelta

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.packing import Columns, pack_fragments, unpack_columns
from footage.playlist import (
    BREAK,
    LENGTHS,
    MOST_LENGTHS,
    Groups,
    Place,
    choose_groups,
    choose_target,
    cut_fragments,
    gather_pieces,
    group_fragments,
    shorten_groups,
    spell_ranges,
    spell_streams,
    write_playlist,
    write_runs,
)
from footage.reader import Fragment

START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)


def lay(*lengths: tuple[float, bool], gap_before: int | None = None, gap: float = 0) -> Columns:
    """Give fragments of 1,000 bytes one after the other: seconds, and whether each is a key."""
    fragments: list[Fragment] = []
    at = 0.0
    for number, (seconds, is_key) in enumerate(lengths):
        at += gap if number == gap_before else 0
        start, end = timedelta(seconds=at), timedelta(seconds=at + seconds)
        fragments.append(Fragment(700 + 1000 * number, 1000, start, end - start, is_key, 900))
        at += seconds
    return unpack_columns(pack_fragments(fragments))


def sizes(groups: Groups) -> list[tuple[float, int]]:
    return [(duration / 1e6, size // 1000) for duration, size in zip(groups.durations, groups.sizes, strict=True)]


def test_each_group_begins_with_a_key_where_there_is_one_in_time() -> None:
    usual = lay((4, True), (4, True), (4, True))
    assert sizes(group_fragments(usual)) == [(4, 1)] * 3
    long_wait = lay((4, True), (4, False), (4, False), (4, False), (4, True))
    assert sizes(group_fragments(long_wait)) == [(8, 2), (8, 2), (4, 1)]
    short = lay(*[(1, True)] * 9)
    assert sizes(group_fragments(short)) == [(4, 4), (4, 4), (1, 1)]
    assert sizes(group_fragments(lay((20, True), (4, True)))) == [(20, 1), (4, 1)]
    assert sizes(group_fragments(lay())) == []


def test_sound_alone_goes_with_the_picture_before_it() -> None:
    assert sizes(group_fragments(lay((4, True), (0, False), (0, False), (4, True)))) == [(4, 3), (4, 1)]


lengths = st.lists(st.tuples(st.sampled_from([0, 0.5, 1, 2, 4, 9]), st.booleans()), max_size=40)
keys = st.lists(st.tuples(st.sampled_from([3.5, 4, 9]), st.just(True)), max_size=40)


@given(lengths | keys, st.integers(0, 40))
def test_groups_stay_what_they_are_while_a_file_grows(laid: list[tuple[float, bool]], seen: int) -> None:
    whole, before = group_fragments(lay(*laid)), group_fragments(lay(*laid[:seen]), grows=True)
    assert whole.cut(0, len(before.sizes)) == before
    assert sum(whole.sizes) == 1000 * len(laid)
    assert all(
        duration <= 8_000_000 or size == 1000 for duration, size in zip(whole.durations, whole.sizes, strict=True)
    )


def group_one_by_one(fragments: Columns) -> list[tuple[int, int, int, int]]:
    """Say the rule as it reads: offset, size, start and end of each group."""
    groups: list[tuple[int, int, int, int]] = []
    silent = False
    end = 0
    for offset, size, start, duration, key in zip(*fragments[:5], strict=True):
        begun = groups[-1][2] if groups else 0
        late, long, at_key = start - end > 1e6, start + duration - begun > 8e6, key and end - begun >= 3.5e6
        if not groups or (not (silent and not duration) and (late or long or at_key)):
            groups.append((offset, size, start, start + duration))
        else:
            first, _, _, until = groups[-1]
            groups[-1] = first, offset + size - first, begun, max(until, start + duration)
        end, silent = start + duration, not duration
    return groups


@given(lengths | keys, st.integers(1, 40), st.sampled_from([0, 0.3, 1, 1.1, 60]))
def test_groups_are_as_the_rule_reads(laid: list[tuple[float, bool]], gap_before: int, gap: float) -> None:
    fragments = lay(*laid, gap_before=gap_before, gap=gap)
    groups, expected = group_fragments(fragments), group_one_by_one(fragments)
    rows = zip(groups.offsets, groups.sizes, groups.starts, groups.durations, strict=True)
    assert [(offset, size, start, start + duration) for offset, size, start, duration in rows] == expected
    apart = [number for number in range(1, len(expected)) if expected[number][2] - expected[number - 1][3] > 1e6]
    assert list(groups.breaks) == apart


@given(lengths, st.floats(-5, 90), st.floats(0, 90))
def test_what_touches_a_time_is_chosen(laid: list[tuple[float, bool]], begin: float, length: float) -> None:
    groups = group_fragments(lay(*laid, gap_before=3, gap=20))
    first, last = round(begin * 1e6), round((begin + length) * 1e6) + 1
    rows = zip(*groups[:4], strict=True)
    assert list(zip(*choose_groups(groups, first, last)[:4], strict=True)) == [
        (offset, size, start, duration)
        for offset, size, start, duration in rows
        if start + duration > first and start < last
    ]


@given(lengths, st.floats(-5, 90), st.floats(0, 90))
def test_what_lies_within_a_time_is_cut_out(laid: list[tuple[float, bool]], begin: float, length: float) -> None:
    fragments = lay(*laid, gap_before=3, gap=20)
    first, last = round(begin * 1e6), round((begin + length) * 1e6)
    cut = cut_fragments(fragments, first, last)
    assert list(zip(*cut[:5], strict=True)) == [
        row for row in zip(*fragments[:5], strict=True) if row[2] >= first and row[2] + row[3] <= last
    ]
    moved = 3 - (fragments.offsets.index(cut.offsets[0]) if cut.offsets else 0)
    assert list(cut.seams) == ([moved] if 0 < moved < len(cut.keys) else [])


def moments(texts: list[bytes]) -> list[str]:
    return [line.partition(":")[2] for text in texts for line in text.decode().splitlines() if "DATE-TIME" in line]


def test_a_break_inside_a_file_is_told() -> None:
    apart = list(write_runs(START, group_fragments(lay((4, True), (4, True), gap_before=1, gap=30)), "/"))
    assert moments(apart) == ["2026-01-27T03:00:00.123456Z", "2026-01-27T03:00:34.123456Z"]
    jitter = group_fragments(lay((4, True), (4, True), gap_before=1, gap=BREAK.total_seconds()))
    assert moments(list(write_runs(START, jitter, "/"))) == ["2026-01-27T03:00:00.123456Z"]
    assert list(write_runs(START, group_fragments(lay()), "/")) == []


def test_the_text_as_another_reads_it() -> None:
    groups = group_fragments(lay((4, True), (5.5, True), gap_before=1, gap=30))
    runs = write_runs(START, groups, "/footage/t/")
    found = m3u8.loads(
        b"".join(write_playlist(runs, choose_target(timedelta(seconds=5.5), grows=False), grows=False)).decode()
    )
    assert (found.version, found.playlist_type, found.target_duration, found.is_endlist) == (7, "vod", 6, True)
    assert [(each.uri, each.byterange, each.duration, each.discontinuity) for each in found.segments] == [
        ("/footage/t/a.mp4", "1000@700", 4.0, False),
        ("/footage/t/a.mp4", "1000@1700", 5.5, True),
    ]
    assert [each.init_section.uri for each in found.segments] == ["/footage/t/init.mp4"] * 2
    assert [each.program_date_time for each in found.segments] == [START, START + timedelta(seconds=34)]


def test_names_take_turns_and_a_place_may_hold_anything() -> None:
    groups = Groups([700, 1700, 2700], [1000, 1000, 900], [0, 4_000_000, 8_000_000], [4_000_000, 4_000_000, 3_999_989])
    assert spell_ranges(groups, "/100%d/").decode().splitlines() == [
        *("#EXTINF:4.000000,", "#EXT-X-BYTERANGE:1000@700", "/100%d/a.mp4"),
        *("#EXTINF:4.000000,", "#EXT-X-BYTERANGE:1000@1700", "/100%d/b.mp4"),
        *("#EXTINF:3.999989,", "#EXT-X-BYTERANGE:900@2700", "/100%d/a.mp4"),
    ]
    assert spell_streams(groups.cut(1, 2), "/%/") == b"#EXTINF:4.000000,\n/%/1700-1000.ts\n"


def test_each_length_is_spelled_exactly_however_many_there_were() -> None:
    lengths = [3_999_999 + number for number in range(MOST_LENGTHS + 2)]
    for _ in range(2):
        lines = spell_streams(Groups(lengths, lengths, lengths, lengths), "/").decode().splitlines()
        assert lines[::2] == [f"#EXTINF:{length // 10**6}.{length % 10**6:06}," for length in lengths]
    assert len(LENGTHS) <= MOST_LENGTHS


@pytest.mark.parametrize(("grows", "target"), [(True, 8), (False, 4)])
def test_what_grows_has_no_end_and_a_target_that_stays(*, grows: bool, target: int) -> None:
    assert choose_target(timedelta(seconds=4), grows=grows) == target
    found = m3u8.loads(b"".join(write_playlist([b"#EXTINF:4,\nx\n"], target, grows=grows)).decode())
    assert (found.is_endlist, found.target_duration, found.media_sequence) == (not grows, target, 0)


def test_what_lasts_longer_than_may_be_told_is_followed_by_a_clock_of_its_own() -> None:
    groups = group_fragments(lay((4, True), (12, True), (4, True), (9, True)))
    shortened = shorten_groups(groups, 8_000_000)
    assert (shortened.durations, shortened.breaks) == ([4_000_000, 8_000_000, 4_000_000, 8_000_000], [2])
    assert moments(list(write_runs(START, shortened, "/"))) == [
        "2026-01-27T03:00:00.123456Z",
        "2026-01-27T03:00:16.123456Z",
    ]
    assert shorten_groups(groups, 12_000_000) is groups


def test_what_lost_its_beginning_says_how_much() -> None:
    text = b"".join(write_playlist([b"#EXTINF:4,\nx\n"], 8, grows=True, begins=Place(450, 2)))
    found = m3u8.loads(text.decode())
    assert (found.media_sequence, found.discontinuity_sequence, found.playlist_type) == (450, 2, None)


@given(st.lists(st.binary(max_size=9)), st.integers(1, 12))
def test_pieces_are_gathered_until_they_are_large_enough(pieces: list[bytes], least: int) -> None:
    gathered = gather_pieces(pieces, least)
    assert b"".join(gathered) == b"".join(pieces)
    assert [len(piece) >= least for piece in gathered[:-1]] == [True] * len(gathered[:-1])


def test_a_large_piece_is_not_copied() -> None:
    large = bytes(100)
    assert [piece is large for piece in gather_pieces([large, large], 100)] == [True, True]
