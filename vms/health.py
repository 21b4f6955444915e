"""Whether the installation is well, in words: /health for people and monitors, /health/ready for balancers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cities.negotiation import AnyAnswer
from cities.problems import CONTENT_TYPE, describe_problem
from recording.retention.disk import choose_water_marks
from recording.storage.decisions import is_short
from recording.storage.queries import StorageTroubles
from vms.alarm_reasons import judge_alarms
from vms.probes import DatabaseAnswer, Findings, RedisAnswer, ask_database_alone, ask_everybody

BEAT_SILENT_AFTER = 45.0
"""Seconds; beat notes its heartbeat every 10."""


@dataclass(frozen=True)
class Health:
    """The verdict: healthy where there is no reason to say otherwise."""

    findings: Findings
    beat_age: float | None
    reasons: list[str]


def judge(findings: Findings, now: datetime) -> Health:
    """Say how we are; each reason names the cause, what it means and what to do."""
    heartbeat = findings.redis.heartbeat if findings.redis else None
    # One from the future was noted before the clock was set back, and is no sign of life.
    beat_age = abs((now - heartbeat).total_seconds()) if heartbeat else None
    reasons = [
        *_judge_mediamtx(findings),
        *_judge_redis(findings.redis, beat_age),
        *(judge_alarms(findings.database.servers_in_trouble) if findings.database else []),
        *_judge_database(findings.database),
        *_judge_disk(findings),
        *(_judge_storage(findings.database.storage) if findings.database else []),
    ]
    return Health(findings, beat_age, reasons)


def has_room(findings: Findings) -> bool:
    """Say whether recordings have room for a while: between half the low water mark and the high one the ring turns."""
    disk = findings.disk
    if disk is None:
        return False
    given = findings.database.marks if findings.database else None
    return not is_short(disk.free_bytes, given or choose_water_marks(disk.total_bytes))


def _judge_mediamtx(findings: Findings) -> list[str]:
    if not findings.mediamtx:
        return ["MediaMTX gives no valid answer: cameras' states are unknown. See that it runs at MEDIAMTX_API_URL."]
    count = findings.database.unreachable_servers if findings.database else 0
    if not count:
        return []
    servers = "1 media server gives" if count == 1 else f"{count} media servers give"
    return [f"{servers} the observer no valid answer: their cameras' states are unknown. The admin says why."]


def _judge_redis(redis: RedisAnswer | None, beat_age: float | None) -> list[str]:
    if redis is None:
        return ["Redis gives no answer: nothing is observed or scheduled. See that it runs at REDIS_URL."]
    if beat_age is None:
        return ["The scheduler was not heard yet: nothing is observed. Start Celery beat and a worker."]
    if beat_age > BEAT_SILENT_AFTER:
        return [f"The scheduler was last heard {beat_age:.0f} s ago: see that Celery beat and a worker run."]
    return [f"Cameras whose recording is off may be recorded: {redis.off_problem}"] if redis.off_problem else []


def _judge_database(database: DatabaseAnswer | None) -> list[str]:
    if database is None:
        return ["The database gives no answer: nothing can be looked up or switched. See that it runs at DATABASE_URL."]
    return [] if database.is_migrated else ["The database has no tables yet; run `manage.py migrate`."]


def _judge_disk(findings: Findings) -> list[str]:
    disk = findings.disk
    if disk is None:
        return [
            "The disk of the recordings gives no answer: nothing may be written. See that VMS_RECORDINGS is mounted."
        ]
    if has_room(findings):
        return []
    return [f"The disk of the recordings has {disk.free_bytes / 1e9:.1f} GB left: make room, or record less."]


def _judge_storage(found: StorageTroubles) -> list[str]:
    servers = _count(found.refusing, "media server records", "media servers record")
    full = _count(found.full, "media server's disk is full", "media servers' disks are full")
    broken = _count(found.broken_promises, "media server's MediaMTX deletes", "media servers' MediaMTX delete")
    cities = _count(found.short_cities, "city gets", "cities get")
    reasons = {
        f"{servers} nothing: only held footage is left. Release holds or add disk.": found.refusing,
        f"{full}: nothing more can be written. Make room, or add disk.": found.full,
        f"{broken} footage before its promised days are over. Raise VMS_RECORD_DELETE_AFTER (0s: never), or "
        "promise fewer days; the admin says where.": found.broken_promises,
        f"{cities} fewer days than promised, by what is written a day. Add disk, or promise fewer days; the forecasts "
        "in the admin say which.": found.short_cities,
    }
    return [reason for reason, count in reasons.items() if count]


def _count(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


class DiskSerializer(serializers.Serializer[Any]):
    """The disk that recordings are written to."""

    free_bytes = serializers.IntegerField(allow_null=True)
    total_bytes = serializers.IntegerField(allow_null=True)
    ok = serializers.BooleanField()


class HealthSerializer(serializers.Serializer[Any]):
    """How the installation is."""

    status = serializers.ChoiceField(choices=["healthy", "degraded"])
    mediamtx = serializers.BooleanField()
    redis = serializers.BooleanField()
    database = serializers.BooleanField()
    disk = DiskSerializer()
    beat_age = serializers.FloatField(allow_null=True, help_text="Seconds since the scheduler was last heard.")
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it is degraded, and what to do.")


class ReadySerializer(serializers.Serializer[Any]):
    """We can serve."""

    ready = serializers.BooleanField()


class OpenDoor(APIView):
    """A door for everybody: no headers, no token, and nothing of any city."""

    # A monitor that accepts text/plain only is still to be told how we are.
    content_negotiation_class = AnyAnswer
    authentication_classes = []
    permission_classes = []
    renderer_classes = [JSONRenderer]


@extend_schema(tags=["System"])
class HealthView(OpenDoor):
    """Health."""

    @extend_schema(operation_id="read_health", summary="How the installation is", auth=[], responses=HealthSerializer)
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Always 200, within three seconds: `healthy`, or `degraded` with the reasons in words."""
        health = judge(ask_everybody(), timezone.now())
        return _never_stored(Response(HealthSerializer(_describe(health)).data))


@extend_schema(tags=["System"])
class ReadyView(OpenDoor):
    """Readiness."""

    @extend_schema(
        operation_id="read_ready",
        summary="Whether requests can be served",
        auth=[],
        responses={200: ReadySerializer, 503: OpenApiResponse(description="Not now; a problem says why.")},
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """200, or 503 while the database is away or not migrated: without it nobody can be served."""
        reasons = _judge_database(ask_database_alone())
        if reasons:
            problem = describe_problem(503, " ".join(reasons))
            return _never_stored(Response(problem, status=503, content_type=CONTENT_TYPE))
        return _never_stored(Response({"ready": True}))


def _describe(health: Health) -> dict[str, Any]:
    findings, disk = health.findings, health.findings.disk
    return {
        "status": "degraded" if health.reasons else "healthy",
        "mediamtx": findings.mediamtx,
        "redis": findings.redis is not None,
        "database": findings.database is not None,
        "disk": {
            "free_bytes": disk.free_bytes if disk else None,
            "total_bytes": disk.total_bytes if disk else None,
            "ok": has_room(findings),
        },
        "beat_age": None if health.beat_age is None else round(health.beat_age, 1),
        "reasons": health.reasons,
    }


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
