"""What a look means: grace, reach and order, over every sequence that can be thought of."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediamtx.client import PathState, ServerInfo, Snapshot
from observers.decisions import (
    GRACE,
    LONGEST_GRACE,
    LONGEST_OVERLAP,
    MAX_ANSWER_AGE_SECONDS,
    Answer,
    NoAnswer,
    ServerMemory,
    ServerUpdate,
    Silence,
    decide,
    end_grace,
    may_end_grace_early,
)

NOON = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)
BOOT = NOON - timedelta(hours=1)
CAMERAS = ("a", "b", "c")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def see(at: datetime, *names: str, started: datetime = BOOT, version: str = "v1.20.1") -> Answer:
    paths = tuple(PathState(name=name, available=True, online=True) for name in names)
    return Answer(at, Snapshot(paths), ServerInfo(version, started))


def apply(memory: ServerMemory, *answers: Answer | NoAnswer) -> ServerMemory:
    for answer in answers:
        update = decide(memory, answer)
        assert update is not None
        memory = update.memory
    return memory


def update_of(memory: ServerMemory, answer: Answer | NoAnswer) -> ServerUpdate:
    update = decide(memory, answer)
    assert update is not None
    return update


def test_the_first_contact_opens_no_grace() -> None:
    assert update_of(ServerMemory(), see(NOON, "a")) == ServerUpdate(
        ServerMemory("reachable", NOON, "", "v1.20.1", BOOT, None, None, None, NOON, 1, NOON),
        cameras_count=True,
        may_go_offline=True,
    )


def test_no_answer_makes_the_server_unreachable_and_nothing_else() -> None:
    known = apply(ServerMemory(), see(NOON, "a"))
    at = NOON + seconds(10)
    silent = update_of(known, NoAnswer(at, "refused"))
    assert silent == ServerUpdate(
        replace(known, reach="unreachable", reach_changed_at=at, problem="refused"),
        cameras_count=False,
        silence=Silence(NOON),
    )
    later = update_of(silent.memory, NoAnswer(at + seconds(10), "timed out"))
    assert (later.memory.reach_changed_at, later.memory.problem) == (at, "timed out")


def test_a_silence_begins_once_at_the_last_snapshot_and_ends_at_the_next() -> None:
    known, at = apply(ServerMemory(), see(NOON, "a")), NOON + seconds(10)
    first = update_of(known, NoAnswer(at, "refused"))
    second = update_of(first.memory, NoAnswer(at + seconds(10), "refused"))
    healed = update_of(second.memory, see(at + seconds(20), "a"))
    assert [(each.silence, each.silence_ends) for each in (first, second, healed)] == [
        (Silence(NOON), False),
        (None, False),
        (None, True),
    ]
    assert update_of(ServerMemory(), NoAnswer(NOON, "refused")).silence == Silence(NOON)
    assert update_of(ServerMemory(), see(NOON)).silence_ends is False


def test_a_restart_between_two_snapshots_is_a_silence_that_is_over() -> None:
    known, at = apply(ServerMemory(), see(NOON, "a")), NOON + seconds(10)
    assert update_of(known, see(at, "a", started=at)).silence == Silence(NOON, at)
    silent = apply(known, NoAnswer(at, "refused"))
    met = update_of(silent, see(at + seconds(10), "a", started=at))
    assert (met.silence, met.silence_ends) == (None, True)


def test_looks_are_counted_at_most_once_in_five_seconds() -> None:
    known = apply(ServerMemory(), see(NOON), see(NOON + seconds(4)), NoAnswer(NOON + seconds(6), "refused"))
    assert (known.looks, known.look_counted_at) == (1, NOON)
    known = apply(known, see(NOON + seconds(8)), see(NOON + seconds(12)), see(NOON + seconds(13)))
    assert (known.looks, known.look_counted_at) == (3, NOON + seconds(13))
    set_back = apply(known, see(NOON - seconds(3600)))
    assert (set_back.looks, set_back.look_counted_at) == (4, NOON - seconds(3600))


def test_an_answer_heals() -> None:
    known = apply(ServerMemory(), see(NOON), NoAnswer(NOON + seconds(10), "refused"), see(NOON + seconds(20)))
    assert (known.reach, known.problem, known.reach_changed_at) == ("reachable", "", NOON + seconds(20))


def test_a_restart_opens_a_grace_that_ends_by_itself() -> None:
    known = apply(ServerMemory(), see(NOON, "a", "b"))
    reborn, at = BOOT + timedelta(hours=1), NOON + seconds(10)
    noticed = update_of(known, see(at, started=reborn))
    assert (noticed.restarted, noticed.may_go_offline, noticed.memory.grace_until) == (True, False, at + GRACE)
    within = update_of(noticed.memory, see(at + GRACE - seconds(1), "a", started=reborn))
    assert (within.restarted, within.may_go_offline, within.memory.grace_until) == (False, False, at + GRACE)
    after = update_of(within.memory, see(at + GRACE, "a", started=reborn))
    assert (after.may_go_offline, after.memory.grace_until, after.last_seen_at) == (True, None, NOON)
    assert after.memory.seen_before_grace is None


def test_a_camera_lost_while_the_server_was_silent_was_last_seen_before() -> None:
    known = apply(ServerMemory(), see(NOON, "a"), NoAnswer(NOON + seconds(10), "refused"))
    assert update_of(known, see(NOON + seconds(300))).last_seen_at == NOON


def test_a_second_restart_within_the_grace_keeps_the_last_certain_sight() -> None:
    known = apply(
        ServerMemory(),
        see(NOON, "a"),
        see(NOON + seconds(10), started=NOON),
        see(NOON + seconds(40), started=NOON + seconds(30)),
    )
    assert (known.grace_until, known.seen_before_grace) == (NOON + seconds(40) + GRACE, NOON)


def test_a_second_restart_after_a_silence_longer_than_the_grace_keeps_it_too() -> None:
    known = apply(
        ServerMemory(),
        see(NOON, "a"),
        see(NOON + seconds(10), started=NOON),
        see(NOON + seconds(400), started=NOON + seconds(390)),
    )
    assert known.seen_before_grace == NOON


def test_a_camera_that_left_is_told_offline_though_the_server_restarts_again_and_again() -> None:
    model, left_at = Model(), NOON + seconds(10)
    model.look(see(NOON, "a", "b"))
    looks = [left_at + seconds(10 * number) for number in range(60)]
    gone = {at: model.look(see(at, "a", started=left_at + (at - left_at) // seconds(50) * seconds(50))) for at in looks}
    assert [at - left_at for at, names in gone.items() if names] == [LONGEST_GRACE]
    assert model.online == frozenset({"a"})


def test_a_restart_after_the_grace_has_a_whole_one_of_its_own() -> None:
    known = apply(
        ServerMemory(),
        see(NOON, "a"),
        see(NOON + seconds(10), started=NOON),
        NoAnswer(NOON + seconds(20), "refused"),
        see(NOON + seconds(600), started=NOON + seconds(590)),
    )
    assert (known.grace_since, known.grace_until) == (NOON + seconds(600), NOON + seconds(600) + GRACE)


def test_the_grace_may_end_early_but_not_in_the_look_that_noticed_the_restart() -> None:
    known = apply(ServerMemory(), see(NOON, "a"))
    noticed = update_of(known, see(NOON + seconds(10), "a", started=NOON))
    assert may_end_grace_early(noticed) is False  # the list may be the old process's, asked for just before it died
    later = update_of(noticed.memory, see(NOON + seconds(20), "a", started=NOON))
    assert may_end_grace_early(later) is True
    assert end_grace(later).memory == replace(later.memory, grace_since=None, grace_until=None, seen_before_grace=None)
    assert may_end_grace_early(update_of(end_grace(later).memory, see(NOON + seconds(30), started=NOON))) is False
    assert may_end_grace_early(update_of(later.memory, NoAnswer(NOON + seconds(30), "refused"))) is False


@pytest.mark.parametrize("behind", [0.0, 0.1, 10.0, 60.0])
def test_what_is_not_newer_than_what_was_applied_is_ignored(behind: float) -> None:
    known = apply(ServerMemory(), see(NOON, "a"))
    assert decide(known, see(NOON - seconds(behind))) is None
    assert decide(known, NoAnswer(NOON - seconds(behind), "timed out")) is None


def test_a_clock_that_was_set_back_does_not_stop_us() -> None:
    known = apply(ServerMemory(), see(NOON, "a"), see(NOON + seconds(10), started=NOON))
    earlier = NOON - timedelta(hours=2)
    assert apply(known, see(earlier, started=NOON)).grace_until == earlier + GRACE


def test_answers_get_too_old_before_they_look_like_a_clock_that_was_set_back() -> None:
    assert seconds(MAX_ANSWER_AGE_SECONDS) < LONGEST_OVERLAP


# Below, a world of three cameras: what the observer's statements do with a decision, in memory.


@dataclass
class Model:
    """The rows, and the world's clock and MediaMTX."""

    memory: ServerMemory = field(default_factory=ServerMemory)
    online: frozenset[str] = frozenset()
    now: datetime = NOON
    started: datetime = BOOT

    def look(self, answer: Answer | NoAnswer) -> frozenset[str]:
        """Apply an answer and give the cameras that went offline."""
        update = decide(self.memory, answer)
        if update is None:
            return frozenset()
        before = self.online
        if isinstance(answer, Answer):
            seen = answer.snapshot.online_names
            self.online = seen if update.may_go_offline else seen | before
            if may_end_grace_early(update) and self.online <= seen:
                update = end_grace(update)
        self.memory = update.memory
        return before - self.online


names = st.frozensets(st.sampled_from(CAMERAS))
steps = st.tuples(
    st.floats(min_value=0.01, max_value=90),
    st.one_of(st.just("silence"), st.just("restart"), st.just("look")),
    names,
)


Step = tuple[float, str, frozenset[str]]


def play(model: Model, story: list[Step]) -> list[tuple[Answer | NoAnswer, frozenset[str]]]:
    """Let the story go on from what the model knows; give each answer with the cameras that it took offline."""
    now, started, told = model.now, model.started, []
    for lapse, what, online in story:
        now += seconds(lapse)
        started = now if what == "restart" else started
        answer = NoAnswer(now, "no") if what == "silence" else see(now, *sorted(online), started=started)
        told.append((answer, model.look(answer)))
    model.now, model.started = now, started
    return told


@given(st.lists(st.tuples(st.floats(0.01, 90), st.just("silence"), names)), names)
def test_no_sequence_of_failures_moves_a_camera(story: list[Step], online: frozenset[str]) -> None:
    model = Model()
    model.look(see(NOON, *online))
    assert [gone for _, gone in play(model, story) if gone] == []
    assert model.online == online


@given(st.lists(steps, max_size=30))
def test_a_camera_goes_offline_only_by_a_valid_answer_outside_the_grace(story: list[Step]) -> None:
    model, protected_since, protected_until = Model(), NOON, NOON
    model.look(see(NOON, *CAMERAS))
    for step in story:
        before = model.online
        [(answer, gone)] = play(model, [step])
        if isinstance(answer, NoAnswer):
            assert gone == frozenset()
            continue
        seen = answer.snapshot.online_names
        if step[1] == "restart":
            protected_since = protected_since if answer.taken_at < protected_until else answer.taken_at
            protected_until = min(answer.taken_at + GRACE, protected_since + LONGEST_GRACE)
        elif before <= seen:
            protected_until = answer.taken_at  # everybody is back
        assert gone == (frozenset() if answer.taken_at < protected_until else before - seen)


@given(st.lists(steps, max_size=30), st.lists(st.booleans(), min_size=30, max_size=30))
def test_missed_doubled_and_late_looks_end_in_the_same_state(story: list[Step], missed: list[bool]) -> None:
    """The state after the grace depends on the last valid answer only, not on which looks came before it."""
    regular, disturbed = Model(), Model()
    answers = [answer for answer, _ in play(regular, story)]
    for answer, is_missed in zip(answers, missed, strict=False):
        for _ in range(0 if is_missed else 2):
            disturbed.look(answer)
    for answer in reversed(answers[-3:]):
        disturbed.look(answer)
    end = max([NOON, *(answer.taken_at for answer in answers)]) + 2 * GRACE
    for model in (regular, disturbed):
        for lapse in (0, 61, 122):
            model.look(see(end + seconds(lapse), "b", started=BOOT))
    assert regular.online == disturbed.online == frozenset({"b"})


@given(st.lists(steps, max_size=10), st.floats(min_value=0.1, max_value=30))
def test_a_camera_that_stays_away_is_told_offline(story: list[Step], pace: float) -> None:
    model = Model()
    model.look(see(NOON, *CAMERAS))
    play(model, story)
    now, started = model.memory.snapshot_at or NOON, model.memory.started or BOOT
    deadline = now + GRACE + seconds(90) + seconds(pace)
    now += seconds(90)
    while now <= deadline:
        model.look(see(now, "b", started=started))
        now += seconds(pace)
    assert model.online == frozenset({"b"})
