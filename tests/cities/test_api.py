"""The API of cities."""

from cities.models import City
from tests.world import ApiClient, World


def test_a_member_sees_the_city_of_the_request(world: World) -> None:
    client = ApiClient(world.viewer, world.city)
    shown = {"id": str(world.city.pk), "name": "Aurora", "time_zone": "America/Sao_Paulo"}
    assert client.get("/api/v1/cities").json() == {"results": [shown], "next": None, "previous": None}
    assert client.get(f"/api/v1/cities/{world.city.pk}").json() == shown


def test_cities_are_read_only(world: World) -> None:
    client = ApiClient(world.owner, world.city)
    assert client.send("POST", "/api/v1/cities", {"name": "New"}).status_code == 405
    assert client.send("DELETE", f"/api/v1/cities/{world.city.pk}").status_code == 405
    assert City.objects.count() == 2
