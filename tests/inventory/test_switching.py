"""Switching the recording of several cameras, and taking it back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cameras.models import Camera
from cameras.services import remove_camera
from cities.errors import Conflict, NotThere
from cities.models import AuditEntry
from cities.scope import city_scope, every_city
from inventory import switching
from inventory.switching import MOST_AT_ONCE, read_outcomes, switch_several, undo_switch
from recording.models import RecordingSession, Storage
from recording.services import switch_recording
from streams.models import Stream
from tests.inventory.conftest import access_of, signed_in
from tests.world import World

AddCameras = Callable[[int], list[Camera]]


def wishes(*cameras: Camera) -> list[bool]:
    return [Camera.objects.get(pk=camera.pk).recording_enabled for camera in cameras]


def became(errand: Any) -> list[str]:
    return [each.became for each in read_outcomes(errand)[1]]


def test_each_camera_says_what_became_of_it_and_the_undo_takes_back_what_was_switched(
    world: World, add_cameras: AddCameras
) -> None:
    access, now = access_of(world), timezone.now()
    with city_scope(world.city.pk):
        first, second = add_cameras(2)
        switch_recording(first, on=True, by=None, now=now)
        errand = switch_several([world.camera, first, second], on=True, access=access, now=now)
        assert became(errand) == ["switched", "already", "switched"]
        assert wishes(world.camera, first, second) == [True, True, True]
        assert Stream.objects.filter(camera=world.camera, wished=True).exists()
        undone = undo_switch(access, errand.pk, timezone.now())
        assert became(undone) == ["undone", "already", "undone"]
        assert wishes(world.camera, first, second) == [False, True, False]
        assert not Stream.objects.filter(camera=world.camera, wished=True).exists()
        with pytest.raises(Conflict):
            undo_switch(access, errand.pk, timezone.now())


def test_switching_off_is_taken_back_too_and_leaves_the_stream_as_it_was(world: World) -> None:
    access, now = access_of(world), timezone.now()
    with city_scope(world.city.pk):
        switch_recording(world.camera, on=True, by=None, now=now)
        errand = switch_several([world.camera], on=False, access=access, now=timezone.now())
        assert wishes(world.camera) == [False]
        assert became(undo_switch(access, errand.pk, timezone.now())) == ["undone"]
        assert wishes(world.camera) == [True]
        assert Stream.objects.filter(camera=world.camera, wished=True).exists()


def test_what_somebody_changed_since_stays_as_they_left_it(world: World, add_cameras: AddCameras) -> None:
    access = access_of(world)
    with city_scope(world.city.pk):
        touched, gone = add_cameras(2)
        errand = switch_several([world.camera, touched, gone], on=True, access=access, now=timezone.now())
        for on in (False, True):
            switch_recording(touched, on=on, by=world.operator, now=timezone.now())
        remove_camera(gone, by=None, now=timezone.now())
        assert became(undo_switch(access, errand.pk, timezone.now())) == ["undone", "changed", "gone"]
        assert wishes(world.camera, touched) == [False, True]


def test_a_camera_that_is_removed_while_others_are_switched_is_gone(world: World, add_cameras: AddCameras) -> None:
    (other,) = add_cameras(1)
    with city_scope(world.city.pk):
        seen = list(Camera.objects.order_by("name").select_related("media_server"))
        remove_camera(world.camera, by=None, now=timezone.now())
        errand = switch_several(seen, on=True, access=access_of(world), now=timezone.now())
        assert became(errand) == ["gone", "switched"]
        assert wishes(world.camera, other) == [False, True]
        assert not Stream.objects.filter(camera=world.camera, wished=True).exists()


def test_each_session_begins_when_its_camera_was_switched(world: World, add_cameras: AddCameras) -> None:
    cameras, now = add_cameras(3), timezone.now()
    with city_scope(world.city.pk):
        switch_several(cameras, on=True, access=access_of(world), now=now)
        begun = [RecordingSession.objects.get(camera=camera).started_at for camera in cameras]
        assert begun == sorted({now, *begun} - {now})


def test_a_refusal_is_told_and_not_taken_back(world: World) -> None:
    with city_scope(world.city.pk):
        Storage.objects.create(media_server=world.server, refuses_since=timezone.now())
        errand = switch_several([world.camera], on=True, access=access_of(world), now=timezone.now())
        (outcome,) = read_outcomes(errand)[1]
        assert (outcome.became, outcome.why[:34]) == ("refused", "This media server records nothing:")


def test_too_many_at_once_are_refused_before_any_is_switched(world: World) -> None:
    with city_scope(world.city.pk):
        with pytest.raises(Conflict):
            switch_several([world.camera] * (MOST_AT_ONCE + 1), on=True, access=access_of(world), now=timezone.now())
        assert wishes(world.camera) == [False]


def test_who_asks_too_often_is_refused_before_any_is_switched(world: World, add_cameras: AddCameras) -> None:
    access, now = access_of(world), timezone.now()
    cameras = add_cameras(2)
    with city_scope(world.city.pk):
        for _ in range(10):
            switch_several([world.camera], on=True, access=access, now=now)
        with pytest.raises(Conflict):
            switch_several(cameras, on=True, access=access, now=now)
        assert wishes(*cameras) == [False, False]


@pytest.mark.django_db(transaction=True)
def test_each_camera_is_switched_and_taken_back_in_a_transaction_of_its_own(
    world: World, add_cameras: AddCameras
) -> None:
    access, cameras = access_of(world), add_cameras(3)
    with city_scope(world.city.pk):
        with CaptureQueriesContext(connection) as switching:
            errand = switch_several(cameras, on=True, access=access, now=timezone.now())
        with CaptureQueriesContext(connection) as undoing:
            undo_switch(access, errand.pk, timezone.now())
        assert wishes(*cameras) == [False, False, False]
    commits = [sum(each["sql"] == "COMMIT" for each in done.captured_queries) for done in (switching, undoing)]
    assert commits == [3, 1 + 3]


def test_what_another_switched_while_we_were_at_others_is_not_ours_to_undo(
    world: World, add_cameras: AddCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras, now = add_cameras(2), timezone.now()
    monkeypatch.setattr(switching, "_find_settled", lambda _cameras, **_wish: set[UUID]())
    with city_scope(world.city.pk):
        switch_recording(cameras[0], on=True, by=world.operator, now=now)
        errand = switch_several(cameras, on=True, access=access_of(world), now=now)
        assert became(errand) == ["already", "switched"]
        undo_switch(access_of(world), errand.pk, timezone.now())
        assert wishes(*cameras) == [True, False]
        assert became(switch_several(cameras, on=False, access=access_of(world), now=now)) == ["switched", "already"]


@pytest.mark.django_db(transaction=True)
def test_each_camera_costs_few_questions_and_none_where_nothing_is_to_do(world: World, add_cameras: AddCameras) -> None:
    cameras, counts = add_cameras(10), list[int]()
    with city_scope(world.city.pk):
        for on in (True, True, False):
            with CaptureQueriesContext(connection) as done:
                switch_several(cameras, on=on, access=access_of(world), now=timezone.now())
            counts.append(len(done.captured_queries))
    around = 6
    assert [count <= around + 10 * each for count, each in zip(counts, (11, 0, 9), strict=True)] == [True] * 3, counts


def test_nobody_undoes_what_another_did(world: World) -> None:
    with city_scope(world.city.pk):
        errand = switch_several([world.camera], on=True, access=access_of(world), now=timezone.now())
    for person in (world.operator, world.stranger):
        assert signed_in(person).post(f"/cameras/switched/{errand.pk}/undo").status_code == 404
        assert signed_in(person).get(f"/cameras/switched/{errand.pk}").status_code == 404
    with city_scope(world.city.pk), pytest.raises(NotThere):
        undo_switch(access_of(world), uuid4(), timezone.now())


def test_the_page_switches_what_was_ticked_and_nothing_of_another_city(world: World, add_cameras: AddCameras) -> None:
    (other,) = add_cameras(1)
    chosen = [str(world.camera.pk), str(world.foreign_camera.pk), "nonsense"]
    answer = signed_in(world.operator).post("/cameras/switch", {"camera": chosen, "on": "1"}, follow=True)
    assert "1 camera was switched." in answer.content.decode()
    with every_city("a test's world spans the cities"):
        assert wishes(world.camera, other, world.foreign_camera) == [True, False, False]
        noted = AuditEntry.objects.filter(action="recording_on").values_list("subject", "actor")
        assert list(noted) == [("Market square", "operator")]


def test_the_page_switches_all_that_fit(world: World, add_cameras: AddCameras) -> None:
    cameras = add_cameras(3)
    client = signed_in(world.operator)
    answer = client.post("/cameras/switch", {"all": "1", "fitting": "q=street", "on": "1"}, follow=True)
    assert "3 cameras were switched." in answer.content.decode()
    with city_scope(world.city.pk):
        assert wishes(world.camera, *cameras) == [False, True, True, True]
    undone = client.post(f"{answer.request['PATH_INFO']}/undo", follow=True)
    assert "3 cameras have their former wish again." in undone.content.decode()


def test_nothing_chosen_is_told(world: World) -> None:
    answer = signed_in(world.operator).post("/cameras/switch", {"on": "1", "next": "/cameras"}, follow=True)
    assert "No camera was chosen" in answer.content.decode()
    assert signed_in(world.operator).post("/cameras/switch", {"on": "2"}).status_code == 400


def test_the_list_leads_back_to_one_s_own_last_switch_until_it_is_undone(world: World) -> None:
    client, word = signed_in(world.operator), "result and undo"
    assert word not in client.get("/cameras").content.decode()
    done = client.post("/cameras/switch", {"camera": [str(world.camera.pk)], "on": "1"})
    page = client.get("/cameras").content.decode()
    assert f'href="{done["Location"]}"' in page
    assert word in page
    for other in (world.owner, world.stranger):
        assert word not in signed_in(other).get("/cameras").content.decode()
    client.post(f"{done['Location']}/undo")
    assert word not in client.get("/cameras").content.decode()
