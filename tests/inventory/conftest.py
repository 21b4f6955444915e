"""What the tests of the list share: somebody signed in, and more cameras."""

from collections.abc import Callable

import pytest
from django.test import Client

from cameras.models import Camera
from cities.access import Access
from cities.models import Role, User
from cities.scope import city_scope
from tests.world import World


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def access_of(world: World) -> Access:
    return Access(world.owner, world.city, Role.MANAGER)


@pytest.fixture
def add_cameras(world: World) -> Callable[[int], list[Camera]]:
    def add(count: int) -> list[Camera]:
        with city_scope(world.city.pk):
            return [
                Camera.objects.create(city=world.city, media_server=world.server, name=f"Street {number:03}")
                for number in range(count)
            ]

    return add
