"""The pass that brings the open alarms in line with what is wrong now: opened, seen again, closed, by sets."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from redis.exceptions import RedisError

from cameras.queries import list_media_servers
from observers.alarms.decisions import Changes, Trouble, compare, decide
from observers.alarms.queries import read_facts, read_open_alarms
from observers.frozen import read_frozen
from recording.off_switch import read_trouble

logger = logging.getLogger(__name__)

_LOCK = 0x414C524D
"""The advisory lock of this pass."""

# Whoever wins a race with another pass has opened the alarm; the loser's row is the same and is dropped.
_OPEN = """
    INSERT INTO observers_alarm (city_id, camera_id, media_server_id, kind, detail, opened_at, last_seen_at, count)
    SELECT seen.city, seen.camera, seen.server, seen.kind, seen.detail, %(now)s, %(now)s, 1
    FROM unnest(%(city)s::uuid[], %(camera)s::uuid[], %(server)s::bigint[], %(kind)s::text[], %(detail)s::text[])
        AS seen(city, camera, server, kind, detail)
    ON CONFLICT DO NOTHING
"""

_REFRESH = """
    UPDATE observers_alarm AS alarm
    SET last_seen_at = %(now)s, count = alarm.count + 1,
        detail = CASE WHEN seen.detail = '{}' THEN alarm.detail ELSE seen.detail END
    FROM unnest(%(pk)s::bigint[], %(detail)s::text[]) AS seen(pk, detail)
    WHERE alarm.id = seen.pk AND alarm.closed_at IS NULL
"""

_CLOSE = """
    UPDATE observers_alarm SET closed_at = GREATEST(%(now)s, opened_at)
    WHERE id = ANY(%(pk)s::bigint[]) AND closed_at IS NULL
"""


@transaction.atomic
def watch_alarms(*, now: datetime) -> Changes | None:
    """Bring the alarms in line with what is wrong now; None where another pass is at it. Wants every city in scope.

    Derived anew each time: a pass that was lost or came twice changes nothing that the next one would not mend.
    """
    if not _take_turn():
        return None
    frozen = read_frozen([server.pk for server in list_media_servers()], now=now)
    facts = read_facts(now, frozen=frozen, config_is_stale=_is_config_stale())
    changes = compare(read_open_alarms(), decide(facts, now), now)
    _write(changes, now)
    return changes


def _is_config_stale() -> bool:
    """Say whether MediaMTX's configuration is known not to follow our wishes; without Redis nobody knows."""
    try:
        return bool(read_trouble())
    except RedisError as error:
        logger.debug("the state of the off switch is not known: %s", error)
        return False


def _take_turn() -> bool:
    """Take the right to write alarms until the transaction ends; False where another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _write(changes: Changes, now: datetime) -> None:
    with connection.cursor() as cursor:
        if changes.closing:
            cursor.execute(_CLOSE, {"now": now, "pk": list(changes.closing)})
        if changes.refreshing:
            pks, troubles = zip(*changes.refreshing, strict=True)
            cursor.execute(_REFRESH, {"now": now, "pk": list(pks), "detail": _write_details(troubles)})
        if changes.opening:
            cursor.execute(_OPEN, {"now": now, **_write_columns(changes.opening)})
    if changes.opening or changes.closing:
        logger.info("%d alarms opened, %d closed", len(changes.opening), len(changes.closing))


def _write_columns(troubles: Sequence[Trouble]) -> dict[str, list[object]]:
    return {
        "city": [each.city_id for each in troubles],
        "camera": [each.camera_id for each in troubles],
        "server": [None if each.camera_id else each.server_id for each in troubles],
        "kind": [str(each.kind) for each in troubles],
        "detail": list(_write_details(troubles)),
    }


def _write_details(troubles: Sequence[Trouble]) -> list[str]:
    return [json.dumps(each.facts, sort_keys=True) for each in troubles]
