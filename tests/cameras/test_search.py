"""Looking for cameras as people type: without accents, in any case."""

import pytest

from cameras.models import Camera
from cameras.search import CameraSearch, search_cameras
from cities.scope import city_scope
from tests.world import World


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("praca", ["PRAÇA da Sé"]),
        ("PRAÇA", ["PRAÇA da Sé"]),
        ("sé", ["PRAÇA da Sé"]),
        ("portao", ["Porta\u0303o 2"]),
        ("Portão", ["Porta\u0303o 2"]),
        ("anhangabau", ["PRAÇA da Sé"]),
        ("%", []),
        ("ß", []),
        ("", ["Market square", "PRAÇA da Sé", "Porta\u0303o 2"]),
    ],
)
def test_accents_and_case_do_not_matter(world: World, text: str, names: list[str]) -> None:
    with city_scope(world.city.pk):
        for name, location in (("PRAÇA da Sé", "Vale do Anhangabaú"), ("Porta\u0303o 2", "")):
            Camera.objects.create(city=world.city, media_server=world.server, name=name, location=location)
        found = search_cameras(CameraSearch(text=text)).values_list("name", flat=True)
        assert sorted(found) == names
