"""Work of pictures that beat starts and services order."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from cities.scope import city_scope, every_city
from replay.pictures import making
from replay.pictures.order import order_now

MOST_TOLD = 50


@shared_task
def make_previews(picture_id: int, city_id: str) -> None:
    """Make the previews of one order, unless somebody else does."""
    with city_scope(UUID(city_id)):
        picture = making.claim(picture_id, timezone.now())
        if picture:
            making.make_sheet(picture, timezone.now())


@shared_task
def sweep_pictures() -> None:
    """Order what was lost, and forget what has no footage any more or no room."""
    now = timezone.now()
    with every_city("the tree of pictures has one quota for all cities"):
        making.reclaim_lost(now)
        making.drop_orphans()
        making.tidy_shelf(now)
        order_now(making.list_wanted(MOST_TOLD))
