"""What /health says of the open alarms about media servers: how many servers, what it means, what to do."""

from collections.abc import Mapping

from observers.models import AlarmKind

MEANINGS = {
    AlarmKind.MASS_LOSS: "many cameras went offline together: look at the network between them and the server.",
    AlarmKind.WISH_NOT_MET: "many cameras are not recorded although wished: is its disk full?",
    AlarmKind.FROZEN: "many cameras are connected and send no picture: look at the network.",
    AlarmKind.FLAPPING: "many cameras come and go: look at the network.",
    AlarmKind.UNSTABLE_CLOCK: "the clocks of many cameras seem to run wrong: is the server's own right?",
    AlarmKind.DAMAGED_FOOTAGE: "many cameras have damaged files: look at its disk.",
    AlarmKind.EARLY_DELETION: "footage was deleted before its promised days: a larger disk, or fewer days.",
    AlarmKind.FOOTAGE_IN_DOUBT: "the folder of recordings is not the one it was: is the disk mounted?",
    AlarmKind.DELETION_FAILS: "footage cannot be deleted: look at the rights of its folder and at the disk.",
}

TOLD_ELSEWHERE = frozenset(
    {
        AlarmKind.SERVER_UNREACHABLE,
        AlarmKind.ONLY_HELD_LEFT,
        AlarmKind.DISK_FORECAST,
        AlarmKind.PROMISE_BROKEN,
    }
)
"""Kinds that /health tells from their own facts, also where nobody watches for alarms."""


def judge_alarms(servers_in_trouble: Mapping[str, int]) -> list[str]:
    """Give a reason for each kind of which an alarm is open, with the number of media servers and nothing of a city."""
    return [
        f"{_say_servers(servers_in_trouble[kind])}: {meaning}"
        for kind, meaning in MEANINGS.items()
        if servers_in_trouble.get(kind)
    ]


def _say_servers(count: int) -> str:
    return "1 media server" if count == 1 else f"{count} media servers"
