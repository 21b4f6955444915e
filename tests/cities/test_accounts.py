"""An account that goes takes its places along, and every city that had it is told."""

from django.db import connection
from django.test import Client

from cities.accounts import remove_account
from cities.models import AuditEntry, Membership, Role, User
from cities.scope import city_scope, every_city
from tests.world import NOW, World


def removals() -> list[tuple[str | None, str, str, str]]:
    with every_city("this test looks at all chains"):
        rows = AuditEntry.objects.order_by("city__name", "number")
        return [(row.city.name if row.city else None, row.action, row.actor, row.subject) for row in rows]


def test_each_city_notes_that_its_member_is_gone(world: World) -> None:
    with every_city("a test gives somebody a second place"):
        Membership.objects.create(user=world.viewer, city=world.other_city, role=Role.AUDITOR)
    remove_account(world.viewer, by=world.owner, now=NOW)
    assert removals() == [
        ("Aurora", "member_removed", "owner", "viewer"),
        ("Boreal", "member_removed", "owner", "viewer"),
        (None, "account_changed", "owner", "viewer"),
    ]


def test_a_platform_administrator_who_has_no_city_open_removes_an_account_of_one(world: World) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert client.post(f"/admin/cities/user/{world.viewer.pk}/delete/", {"post": "yes"}).status_code == 302
    connection.check_constraints()  # nothing points to who is gone
    with city_scope(world.city.pk):
        assert sorted(Membership.objects.values_list("user__username", flat=True)) == ["operator", "owner"]
    assert removals() == [
        ("Aurora", "member_removed", "root", "viewer"),
        (None, "account_changed", "root", "viewer"),
    ]
