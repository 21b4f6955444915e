"""The passwords of cameras that publish by themselves."""

from uuid import uuid4

import pytest

from streams.access.passwords import is_own_password, number_of, publish_password, publish_username

CAMERA = uuid4()


def test_each_camera_and_each_renewal_has_its_own() -> None:
    passwords = {publish_password(camera, number) for camera in (CAMERA, uuid4()) for number in (1, 2)}
    assert len(passwords) == 4
    assert {len(password) for password in passwords} == {32}
    assert publish_password(CAMERA, 1) == publish_password(CAMERA, 1)


def test_name_and_password_must_both_be_right() -> None:
    right = publish_password(CAMERA, 2)
    assert is_own_password(CAMERA, 2, "camera-2", right)
    assert not is_own_password(CAMERA, 2, "camera-1", right)
    assert not is_own_password(CAMERA, 2, "camera-2", publish_password(CAMERA, 1))
    assert not is_own_password(CAMERA, 2, "camera-2", "")
    assert not is_own_password(CAMERA, 2, "camera-2", "ã")


@pytest.mark.parametrize("user", ["", "camera-", "camera--1", "camera-x", "camera-٣", "ingest", "Camera-1"])
def test_others_names_have_no_number(user: str) -> None:
    assert (number_of(user), number_of(publish_username(12))) == (None, 12)
