"""Which ingest process carries which picture: leases in the streams' rows, judged by the database's clock alone.

Every verb is one statement, whatever the number of streams, and commits by itself. Callers work in `every_city`. All of
them raise Django's `OperationalError`, `InterfaceError` or `InternalError` while the database is away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from cameras.credentials import CredentialsLost
from cameras.models import Camera
from cameras.networks import media_server_urls, own_services
from cameras.services import source_of
from ffmpeg.errors import UnsafeSource
from ffmpeg.networks import Neighbourhood
from streams.ingest.decisions import Report, Wish
from streams.ingest.neighbours import find_dead
from streams.models import Stream, StreamState

WANTED = Q(wished=True, camera__removed_at=None) & ~Q(camera__source_url="")
"""The streams somebody must pull; a camera that publishes by itself needs nobody."""

# A lease lasts five minutes at most. One that seems to last longer was given before the clock was set back: where its
# holder is dead (of another container we do not see that) nobody would carry the picture until that time comes again.
_CLAIM = """
WITH free AS MATERIALIZED (
    SELECT stream.id FROM streams_stream stream JOIN cameras_camera camera ON camera.id = stream.camera_id
    WHERE stream.wished AND camera.removed_at IS NULL AND camera.source_url <> ''
      AND (stream.lease_until IS NULL OR stream.lease_until < now()
           OR stream.lease_until > now() + interval '10 minutes')
    ORDER BY stream.lease_until NULLS FIRST, stream.id
    LIMIT %s FOR UPDATE OF stream SKIP LOCKED
)
UPDATE streams_stream stream
SET lease_owner = %s, lease_until = now() + %s * interval '1 second',
    state = 'starting', state_changed_at = now(), problem_kind = '', problem = '', failures = 0
FROM free WHERE stream.id = free.id
"""

_TELL = """
UPDATE streams_stream stream
SET state = told.state, problem_kind = told.problem_kind, problem = told.problem, failures = told.failures,
    state_changed_at = CASE WHEN stream.state = told.state THEN stream.state_changed_at ELSE now() END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[])
    AS told(id, state, problem_kind, problem, failures)
WHERE stream.id = told.id AND stream.lease_owner = %s AND stream.wished
"""


@dataclass(frozen=True)
class Held:
    """A stream whose lease is ours: what is wished of it, and what its row says of it."""

    wish: Wish
    told: Report


@dataclass(frozen=True)
class Leases:
    """The leases of one ingest process. `owner` must be unique among all that run; `seconds` is how long one lasts."""

    owner: str
    seconds: int

    def claim(self, limit: int) -> int:
        """Take up to `limit` wanted streams that nobody holds; give how many. Their rows say "starting" from now on."""
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [limit, self.owner, self.seconds])
            return int(cursor.rowcount)

    def renew(self) -> None:
        """Let every lease that is still ours last its whole time again."""
        Stream.objects.filter(lease_owner=self.owner).update(lease_until=Now() + timedelta(seconds=self.seconds))

    def read(self) -> dict[int, Held]:
        """Give what we hold, by the stream's primary key, whether still wanted or not."""
        mine = Stream.objects.filter(lease_owner=self.owner).select_related("camera__media_server", "camera__city")
        rows = mine.annotate(services=media_server_urls())
        return {stream.pk: _hold(stream, stream.services) for stream in rows}

    def tell(self, reports: Mapping[int, Report]) -> None:
        """Write what became of our streams; rows we have lost and streams nobody wishes any more stay as they are."""
        rows = [
            (pk, report.state.value, report.problem_kind, report.problem, report.failures)
            for pk, report in sorted(reports.items())
        ]
        with connection.cursor() as cursor:
            cursor.execute(_TELL, [*(list(column) for column in zip(*rows, strict=True)), self.owner])

    def release(self, stream_pks: Iterable[int]) -> None:
        """Give these back: their pictures are carried no more."""
        _let_go(Q(lease_owner=self.owner, pk__in=list(stream_pks)))

    def release_all(self) -> None:
        """Give everything back, so that others need not wait until the leases end."""
        _let_go(Q(lease_owner=self.owner))

    def end_those_of_the_dead(self) -> None:
        """Let the leases of processes that died on this machine end now: two statements, the second only if any did."""
        held = Stream.objects.exclude(lease_owner__in=["", self.owner]).order_by().values_list("lease_owner", flat=True)
        dead = find_dead(held.distinct())
        if dead:
            Stream.objects.filter(lease_owner__in=dead).update(lease_until=Now() - timedelta(seconds=1))

    def tidy(self) -> None:
        """Let the rows of dropped wishes say so where the process that carried them died before it could."""
        _let_go(~WANTED & ~Q(lease_owner="") & Q(lease_until__lt=Now()))


def _let_go(which: Q) -> None:
    Stream.objects.filter(which).update(
        lease_owner="",
        lease_until=None,
        state=StreamState.STOPPED,
        state_changed_at=Now(),
        problem_kind="",
        problem="",
        failures=0,
    )


def _hold(stream: Stream, services: Iterable[str]) -> Held:
    camera = stream.camera
    address, is_lost = _read_address(camera)
    wish = Wish(
        stream_pk=stream.pk,
        name=camera.stream_id,
        server=camera.media_server.rtsp_url,
        address=address,
        wanted=stream.wished and camera.removed_at is None and not camera.publishes_by_itself,
        is_lost=is_lost,
        neighbourhood=Neighbourhood(tuple(camera.city.camera_networks), own_services(services)),
    )
    told = Report(StreamState(stream.state), stream.problem_kind, stream.problem, stream.failures)
    return Held(wish, told)


def _read_address(camera: Camera) -> tuple[str, bool]:
    """Give the address for ffmpeg and whether its credentials are lost; one that breaks rules fails at its start."""
    if not camera.source_credentials:
        return camera.source_url, False
    try:
        return _open_address(camera.pk, camera.source_credentials), False
    except CredentialsLost:
        return camera.source_url, True
    except UnsafeSource:
        return camera.source_url, False


@lru_cache(maxsize=10_000)
def _open_address(camera_pk: UUID, sealed: str) -> str:
    """Every second all rows are read again; opening 500 of them each time would take 3 % of a core."""
    return source_of(Camera(pk=camera_pk, source_credentials=sealed)).full
