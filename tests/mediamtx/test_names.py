"""A camera's path name."""

from uuid import UUID

import pytest

from mediamtx.names import camera_id_from, stream_id_for

CAMERA = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")


def test_stream_id_is_the_cameras_name_in_mediamtx() -> None:
    assert stream_id_for(CAMERA) == "stream_7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f"


def test_camera_id_comes_back_from_its_stream_id() -> None:
    assert camera_id_from(stream_id_for(CAMERA)) == CAMERA


@pytest.mark.parametrize(
    "name",
    [
        "",
        "stream_",
        "stream_7E0C3A52-0F5C-4D5E-9A54-0C7B1F2D3E4F",
        "stream_7e0c3a520f5c4d5e9a540c7b1f2d3e4f",
        "stream_{7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f}",
        "stream_7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f\n",
        "stream_7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f/sub",
        "xstream_7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f",
        "stream_٧e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f",
    ],
)
def test_no_other_spelling_is_a_camera(name: str) -> None:
    assert camera_id_from(name) is None
