"""Credentials at rest: sealed, bound to their camera, opened by any key, encrypted anew by the first."""

from datetime import datetime
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from cameras import credentials
from cameras.credentials import CredentialsLost, NoCredentialKey, open_sealed, seal
from cameras.models import Camera
from cameras.services import add_camera, change_camera, source_of
from cities.errors import Conflict
from cities.scope import city_scope, every_city
from ffmpeg.sources import parse_source_url
from tests.world import NOW, ApiClient, World, give_source

FULL = "rtsp://op:p%40ss%2Fword@10.0.0.7:554/live?channel=1&token=abc"
OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def _everywhere(world: World) -> Any:
    with every_city("a test looks at all rows"):
        yield


def sealed_of(camera: Camera) -> str:
    with every_city("a test looks at all rows"):
        return Camera.objects.get(pk=camera.pk).source_credentials


def rotate() -> tuple[str, str, bool]:
    """Give what the command says, what it complains of, and whether it fails."""
    out, err = StringIO(), StringIO()
    try:
        call_command("rotate_credentials", stdout=out, stderr=err)
    except CommandError as failed:
        return out.getvalue(), f"{err.getvalue()}{failed}", True
    return out.getvalue(), err.getvalue(), False


def test_what_was_sealed_is_opened_whole_and_shows_nothing() -> None:
    camera_id = uuid4()
    sealed = seal(camera_id, parse_source_url(FULL))
    assert open_sealed(camera_id, sealed).full == FULL
    assert [word for word in ("op", "p@ss", "abc", "10.0.0.7") if f'"{word}' in sealed] == []
    assert seal(camera_id, parse_source_url(FULL)) != sealed


def test_a_secret_moved_to_another_camera_opens_nothing() -> None:
    sealed = seal(uuid4(), parse_source_url(FULL))
    with pytest.raises(CredentialsLost):
        open_sealed(uuid4(), sealed)


@pytest.mark.parametrize("sealed", ["", "rubbish", "gAAAAA", "ü"])
def test_what_was_never_sealed_is_lost(sealed: str) -> None:
    with pytest.raises(CredentialsLost):
        open_sealed(uuid4(), sealed)


def test_any_key_opens_and_the_first_one_seals(settings: Any) -> None:
    camera_id = uuid4()
    settings.VMS_CREDENTIAL_KEYS = [OLD]
    sealed = seal(camera_id, parse_source_url(FULL))
    settings.VMS_CREDENTIAL_KEYS = [NEW, OLD]
    assert open_sealed(camera_id, sealed).full == FULL
    assert credentials.is_sealed_with_first_key(sealed) is False
    assert credentials.is_sealed_with_first_key(credentials.reseal(sealed)) is True
    settings.VMS_CREDENTIAL_KEYS = [OTHER]
    with pytest.raises(CredentialsLost):
        open_sealed(camera_id, sealed)


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, "short"], ["ü" * 44]])
def test_without_a_good_key_nothing_is_sealed(settings: Any, keys: list[str]) -> None:
    settings.VMS_CREDENTIAL_KEYS = keys
    with pytest.raises(NoCredentialKey):
        seal(uuid4(), parse_source_url(FULL))


def test_without_a_key_an_address_with_a_password_is_refused_and_one_without_is_not(
    world: World, now: datetime, settings: Any
) -> None:
    settings.VMS_CREDENTIAL_KEYS = []
    with city_scope(world.city.pk):
        with pytest.raises(Conflict) as refused:
            add_camera(world.city, name="Bridge", source_url=FULL, now=now)
        assert refused.value.field == "source_url"
        assert (
            add_camera(world.city, name="Bridge", source_url="rtsp://10.0.0.7/live", now=now).has_credentials is False
        )


@pytest.mark.parametrize(
    "url",
    ["rtsp://***@10.0.0.5/live", "rtsp://op:***@10.0.0.5/live", "rtsp://10.0.0.6/live?token=***", "rtsp://***:***@h/"],
)
def test_an_address_with_our_asterisks_is_no_address(world: World, url: str) -> None:
    answer = ApiClient(world.owner, world.city).send("PATCH", f"/api/v1/cameras/{world.camera.pk}", {"source_url": url})
    assert answer.status_code == 400
    assert "type the whole address again" in answer.json()["errors"][0]["detail"]


@pytest.mark.usefixtures("_everywhere")
def test_rotation_is_complete_idempotent_and_touches_no_others(world: World, settings: Any) -> None:
    settings.VMS_CREDENTIAL_KEYS = [OLD]
    give_source(world.camera, FULL)
    give_source(world.foreign_camera, FULL)
    settings.VMS_CREDENTIAL_KEYS = [NEW, OLD]
    assert rotate() == ("2 encrypted anew, 0 had the first key already.\n", "", False)
    once = sealed_of(world.camera)
    assert rotate() == ("0 encrypted anew, 2 had the first key already.\n", "", False)
    assert sealed_of(world.camera) == once
    settings.VMS_CREDENTIAL_KEYS = [NEW]
    assert source_of(Camera.objects.get(pk=world.camera.pk)).full == FULL


@pytest.mark.usefixtures("_everywhere")
def test_what_no_key_opens_is_named_and_left_while_the_others_are_done(world: World, settings: Any) -> None:
    settings.VMS_CREDENTIAL_KEYS = [OTHER]
    give_source(world.foreign_camera, FULL)
    lost = sealed_of(world.foreign_camera)
    settings.VMS_CREDENTIAL_KEYS = [OLD]
    give_source(world.camera, FULL)
    settings.VMS_CREDENTIAL_KEYS = [NEW, OLD]
    said, complained, failed = rotate()
    assert (said, failed) == ("1 encrypted anew, 0 had the first key already.\n", True)
    assert complained.startswith(f"camera {world.foreign_camera.pk}: no key opens its credentials")
    assert sealed_of(world.foreign_camera) == lost


@pytest.mark.usefixtures("_everywhere")
def test_a_rotation_never_undoes_what_somebody_types_meanwhile(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VMS_CREDENTIAL_KEYS = [OLD]
    give_source(world.camera, FULL)
    give_source(world.foreign_camera, "rtsp://10.9.9.9/secret")
    settings.VMS_CREDENTIAL_KEYS = [NEW, OLD]
    changed = "rtsp://op:changed@10.0.0.8/live"

    def reseal_late(sealed: str) -> str:
        give_source(world.camera, changed)
        return credentials.reseal(sealed)

    monkeypatch.setattr("cameras.rotation.reseal", reseal_late)
    assert rotate()[0] == "0 encrypted anew, 0 had the first key already.\n"
    assert source_of(Camera.objects.get(pk=world.camera.pk)).full == changed


def test_a_changed_name_takes_no_rotation_back(world: World, settings: Any) -> None:
    settings.VMS_CREDENTIAL_KEYS = [OLD]
    with every_city("a test sets the scene"):
        give_source(world.camera, FULL)
        read_before = Camera.objects.get(pk=world.camera.pk)
        settings.VMS_CREDENTIAL_KEYS = [NEW, OLD]
        rotate()
        change_camera(read_before, name="Old market", now=NOW)
    assert credentials.is_sealed_with_first_key(sealed_of(world.camera)) is True


def test_a_camera_whose_key_is_lost_is_shown_without_failing(world: World, settings: Any) -> None:
    with every_city("a test sets the scene"):
        give_source(world.camera, FULL)
    settings.VMS_CREDENTIAL_KEYS = [OTHER]
    client = ApiClient(world.owner, world.city)
    shown = client.get(f"/api/v1/cameras/{world.camera.pk}").json()
    assert (shown["source_url"], shown["has_credentials"]) == ("rtsp://10.0.0.7:554/live?channel=1&token=***", True)
    answer = client.send("PATCH", f"/api/v1/cameras/{world.camera.pk}", {"source_url": FULL})
    assert answer.status_code == 200
    with every_city("a test looks at all rows"):
        assert source_of(Camera.objects.get(pk=world.camera.pk)).full == FULL
