"""The administration of retention: promises, deletions and their records, by role and by city."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from cities.models import Membership, Role
from cities.scope import every_city
from recording.models import Deletion, DeletionRecord, RetentionPolicy, Segment
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import seal_deletion_records
from tests.cities.test_admin import staff
from tests.recording.retention.conftest import Ring
from tests.world import NOW, World

POLICIES, RECORDS = "/admin/recording/retentionpolicy/", "/admin/recording/deletionrecord/"
pytestmark = pytest.mark.django_db


def policies() -> list[tuple[Any, ...]]:
    with every_city("a test looks at everything"):
        rows = RetentionPolicy.objects.order_by("pk")
        return list(rows.values_list("city__name", "camera__name", "days", "max_days", "quota_bytes"))


def form(world: World, **given: Any) -> dict[str, Any]:
    return {"city": str(world.city.pk), "camera": "", "plan": "", "days": "", "max_days": "", "quota_bytes": ""} | given


def test_a_manager_chooses_a_plan_for_the_city_and_days_for_a_camera(world: World) -> None:
    client = staff(world.owner)
    page = client.get(f"{POLICIES}add/").content.decode()
    assert ("Secret harbour" in page, 'value="30"' in page) == (False, True)
    client.post(f"{POLICIES}add/", form(world, plan="30"))
    client.post(f"{POLICIES}add/", form(world, camera=str(world.camera.pk), days="60", max_days="90"))
    assert policies() == [("Aurora", None, 30, None, None), ("Aurora", "Market square", 60, 90, None)]


def test_a_policy_is_changed_and_removed(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{POLICIES}add/", form(world, plan="7", quota_bytes="5000000"))
    with every_city("a test looks at everything"):
        page = f"{POLICIES}{RetentionPolicy.objects.get().pk}/"
    client.post(f"{page}change/", {"plan": "15", "days": "7", "max_days": "", "quota_bytes": ""})
    assert policies() == [("Aurora", None, 15, None, None)]
    client.post(f"{page}change/", {"plan": "15", "days": "9", "max_days": "", "quota_bytes": ""})
    assert policies() == [("Aurora", None, 9, None, None)]
    client.post(f"{page}delete/", {"post": "yes"})
    assert policies() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose a plan"),
        ({"days": "0"}, "from 1 to 3650"),
        ({"days": "-3"}, "greater than or equal to 0"),
        ({"days": "4000"}, "from 1 to 3650"),
        ({"plan": "7", "max_days": "3"}, "less than the promised days"),
        ({"plan": "7", "quota_bytes": "10"}, "1 MB"),
        ({"plan": "8"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_stands_at_its_field(world: World, given: dict[str, str], words: str) -> None:
    answer = staff(world.owner).post(f"{POLICIES}add/", form(world, **given))
    assert (answer.status_code, words in answer.content.decode(), policies()) == (200, True, [])


def test_a_second_policy_for_the_same_is_refused(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{POLICIES}add/", form(world, plan="30"))
    answer = client.post(f"{POLICIES}add/", form(world, plan="7"))
    assert "There is a policy for this already" in answer.content.decode()
    assert policies() == [("Aurora", None, 30, None, None)]


def test_no_policy_for_another_citys_camera_or_city(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{POLICIES}add/", form(world, plan="7", camera=str(world.foreign_camera.pk)))
    client.post(f"{POLICIES}add/", form(world, plan="7", city=str(world.other_city.pk)))
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.owner, city=world.other_city, role=Role.MANAGER)
    answer = client.post(f"{POLICIES}add/", form(world, plan="7", camera=str(world.foreign_camera.pk)))
    assert "belongs to another city" in answer.content.decode()
    assert policies() == []


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_who_is_no_manager_only_looks(world: World, who: str) -> None:
    staff(world.owner).post(f"{POLICIES}add/", form(world, plan="30"))
    with every_city("a test looks at everything"):
        page = f"{POLICIES}{RetentionPolicy.objects.get().pk}/change/"
    client = staff(getattr(world, who))
    assert client.get(POLICIES).status_code == client.get(page).status_code == 200
    assert client.post(page, {"plan": "7", "days": "7"}).status_code == 403
    assert client.post(f"{POLICIES}add/", form(world, plan="7")).status_code == 403
    assert policies() == [("Aurora", None, 30, None, None)]


@pytest.fixture
def sealed(world: World) -> World:
    """Each city's camera lost a segment that day."""
    with every_city("a test writes deletions of both cities"):
        for camera in (world.camera, world.foreign_camera):
            note_deletions([Deleted(camera.pk, camera.city_id, NOW, NOW, 5, "watermark", is_early=True)], NOW)
        seal_deletion_records(NOW.replace(day=29))
    return world


def record_of(city: Any) -> DeletionRecord:
    with every_city("a test looks at everything"):
        return DeletionRecord.objects.get(city=city)


def sign(client: Client, *records: DeletionRecord) -> Any:
    chosen = {"action": "sign_off", "_selected_action": [str(record.pk) for record in records]}
    return client.post(RECORDS, chosen, follow=True)


def test_deletions_are_looked_at_in_ones_own_city_only(sealed: World) -> None:
    client = staff(sealed.viewer)
    page = client.get("/admin/recording/deletion/").content.decode()
    assert ("Market square" in page, "Secret harbour" in page) == (True, False)
    assert "the disk was full" in page
    assert "before its days" in page
    with every_city("a test looks at everything"):
        row = Deletion.objects.get(city=sealed.city)
    owner = staff(sealed.owner)
    assert owner.post(f"/admin/recording/deletion/{row.pk}/delete/").status_code == 403
    assert owner.post(f"{RECORDS}{record_of(sealed.city).pk}/delete/").status_code == 403


def test_a_managers_signature_stays(sealed: World) -> None:
    record = record_of(sealed.city)
    answer = sign(staff(sealed.owner), record)
    assert "1 record is signed off." in answer.content.decode()
    first = record_of(sealed.city)
    assert first.signed_off_by_id == sealed.owner.pk
    assert LogEntry.objects.get().change_message == "Signed off."
    again = sign(staff(sealed.viewer, is_superuser=True), record)
    assert "1 record was left as it is" in again.content.decode()
    assert record_of(sealed.city).signed_off_at == first.signed_off_at


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_who_is_no_manager_signs_nothing(sealed: World, who: str) -> None:
    sign(staff(getattr(sealed, who)), record_of(sealed.city))
    assert record_of(sealed.city).signed_off_at is None


def test_a_foreign_record_is_not_signed_and_its_table_not_given(sealed: World) -> None:
    theirs = record_of(sealed.other_city)
    client = staff(sealed.owner)
    sign(client, theirs)
    assert record_of(sealed.other_city).signed_off_at is None
    assert client.get(f"{RECORDS}{theirs.pk}/table/").status_code == 404
    table = client.get(f"{RECORDS}{record_of(sealed.city).pk}/table/")
    assert (table["Content-Type"], len(table.content.decode().splitlines())) == ("text/csv; charset=utf-8", 2)
    assert "Market square" in table.content.decode()


def test_a_segment_that_will_not_go_shows_its_attempts_and_why(world: World, ring: Ring) -> None:
    ring.add(world.camera, 9, state="deleting")
    Segment.objects.update(deletion_attempts=3, deletion_error="Is a directory")
    page = staff(world.viewer).get("/admin/recording/segment/?state__exact=deleting").content.decode()
    assert "Is a directory" in page
