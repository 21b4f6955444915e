"""Secrets of further media servers: each its own, shown once, kept as a hash, and worthless when made anew."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cameras.models import MediaServer
from cameras.server_secrets import ServerSecrets, hash_secret, is_hook_secret, is_media_secret, make_server_secrets
from tests.world import World


def make(server: MediaServer) -> ServerSecrets:
    made = make_server_secrets(server)
    server.refresh_from_db()
    return made


def test_the_environments_secrets_are_known(world: World) -> None:
    assert is_hook_secret(settings.VMS_HOOK_SECRET.encode())
    assert is_media_secret(settings.VMS_MEDIA_SECRET.encode())


@pytest.mark.parametrize("shown", [b"", b"x", b"\xff\x00", b"0" * 64])
def test_anything_else_is_not(world: World, shown: bytes) -> None:
    assert (is_hook_secret(shown), is_media_secret(shown)) == (False, False)


def test_a_further_server_has_secrets_of_its_own(world: World) -> None:
    made = make(world.server)
    assert is_hook_secret(made.hook.encode())
    assert is_media_secret(made.media.encode())
    assert not is_hook_secret(made.media.encode())
    assert not is_media_secret(made.hook.encode())


def test_only_hashes_are_kept(world: World) -> None:
    made = make(world.server)
    kept = (world.server.hook_secret_hash, world.server.media_secret_hash)
    assert kept == (hash_secret(made.hook), hash_secret(made.media))
    assert not is_hook_secret(str(world.server.hook_secret_hash).encode())


def test_new_ones_make_those_before_worthless(world: World) -> None:
    before, after = make(world.server), make(world.server)
    assert (is_hook_secret(before.hook.encode()), is_media_secret(before.media.encode())) == (False, False)
    assert (is_hook_secret(after.hook.encode()), is_media_secret(after.media.encode())) == (True, True)


def test_the_command_prints_what_to_set(world: World) -> None:
    output, told = StringIO(), StringIO()
    call_command("make_server_secrets", world.server.name, stdout=output, stderr=told)
    hook, media = output.getvalue().splitlines()
    assert is_hook_secret(hook.removeprefix("VMS_HOOK_SECRET=").encode())
    assert is_media_secret(media.split(":")[2].partition("@")[0].encode())
    assert "shown once" in told.getvalue()


def test_the_command_names_the_servers_there_are(world: World) -> None:
    with pytest.raises(CommandError, match=f"there are: {world.server.name}"):
        call_command("make_server_secrets", "elsewhere")
