"""Each alarm has its sentence, in the reader's language, and no row makes it fail."""

import json
from datetime import datetime
from typing import Any

import pytest

from cameras.models import Camera, MediaServer
from observers.alarms import words
from observers.alarms.words import cause_of, describe_alarm
from observers.models import Alarm, AlarmKind
from tests.world import NOW


def say(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def alarm(kind: str, facts: Any, *, of_camera: bool = True) -> Alarm:
    subject: dict[str, Any] = {"camera": Camera()} if of_camera else {"media_server": MediaServer(pk=1)}
    return Alarm(kind=kind, detail=facts if isinstance(facts, str) else json.dumps(facts), **subject)


def test_moments_are_said_as_the_reader_reads_them() -> None:
    assert describe_alarm(alarm("camera_offline", {"since": NOW.isoformat()}), say) == "No picture since 12:00."


def test_a_cause_is_said_in_words_and_as_a_word() -> None:
    unmet = alarm("wish_not_met", {"since": NOW.isoformat(), "why": "disk_full"})
    assert describe_alarm(unmet, say) == "Nothing was recorded since 12:00: the disk is full."
    assert (cause_of(unmet), cause_of(alarm("frozen", {}))) == ("disk_full", "")
    many = alarm("wish_not_met", {"count": 40, "of": 60, "why": "unheard of"}, of_camera=False)
    assert (
        describe_alarm(many, say)
        == "40 of 60 cameras on this media server are not recorded although wished: the cause is unknown."
    )


@pytest.mark.parametrize("facts", ["", "not JSON", "[]", {}])
@pytest.mark.parametrize("kind", AlarmKind.values)
def test_every_kind_has_a_sentence_whatever_the_row_keeps(kind: str, facts: Any) -> None:
    sentences = [
        describe_alarm(alarm(kind, facts), say) if AlarmKind(kind) in words._OF_CAMERA else None,
        describe_alarm(alarm(kind, facts, of_camera=False), say) if AlarmKind(kind) in words._OF_SERVER else None,
    ]
    told = [sentence for sentence in sentences if sentence is not None]
    assert told
    assert all(sentence.endswith((".", "?")) for sentence in told)
