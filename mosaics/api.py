"""The API of mosaics: the walls that a city keeps, for everybody in it to look at."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cities.pagination import Pages
from cities.permissions import access_of
from mosaics.arrangements import Arrangement, Change, Tile
from mosaics.layouts import FASTEST_ROTATION_SECONDS, MOST_A_SIDE, MOST_TILES, SLOWEST_ROTATION_SECONDS
from mosaics.models import Mosaic
from mosaics.queries import find_mosaic, list_mosaics, shows_all
from mosaics.services import change_mosaic, create_mosaic, remove_mosaic

_LARGEST_REVISION = 2**31 - 1


class TileSerializer(serializers.Serializer[Any]):
    """A camera in its place."""

    position = serializers.IntegerField(
        min_value=0, max_value=MOST_TILES - 1, help_text="0 is top left, then row by row, page by page."
    )
    camera_id = serializers.UUIDField()


class MosaicSummarySerializer(serializers.Serializer[Mosaic]):
    """A mosaic without its tiles."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=80, help_text="Unique in its city, whatever its case.")
    rows = serializers.IntegerField(min_value=1, max_value=MOST_A_SIDE)
    columns = serializers.IntegerField(min_value=1, max_value=MOST_A_SIDE)
    rotation_seconds = serializers.IntegerField(
        min_value=0,
        max_value=SLOWEST_ROTATION_SECONDS,
        default=0,
        help_text=f"How long each page is shown; {FASTEST_ROTATION_SECONDS} or more. 0: pages turn by hand only.",
    )
    camera_count = serializers.IntegerField(read_only=True, help_text="How many cameras on it you see.")
    revision = serializers.IntegerField(read_only=True, help_text="Grows by each change.")
    created_at = serializers.DateTimeField(read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True, default=None, allow_null=True)
    updated_at = serializers.DateTimeField(read_only=True)


class MosaicSerializer(MosaicSummarySerializer):
    """A mosaic."""

    camera_count = None  # type: ignore[assignment]  # DRF's way to leave out an inherited field
    tiles = TileSerializer(many=True, max_length=MOST_TILES)  # type: ignore[call-arg]  # `many` makes a list of it
    is_whole = serializers.SerializerMethodField(
        help_text="Whether you see all of its cameras. Where not, their places are empty, and others change it."
    )

    def get_is_whole(self, mosaic: Mosaic) -> bool:
        return shows_all(mosaic)


class ChangedMosaicSerializer(MosaicSerializer):
    """A mosaic as it shall be."""

    revision = serializers.IntegerField(
        min_value=1,
        max_value=_LARGEST_REVISION,
        help_text="The revision that this change builds upon. Where somebody changed it meanwhile the answer is 409.",
    )


class PartialMosaicSerializer(ChangedMosaicSerializer):
    """What of a mosaic shall be otherwise; what is left out stays."""

    name = serializers.CharField(max_length=80, required=False)
    rows = serializers.IntegerField(min_value=1, max_value=MOST_A_SIDE, required=False)
    columns = serializers.IntegerField(min_value=1, max_value=MOST_A_SIDE, required=False)
    rotation_seconds = serializers.IntegerField(min_value=0, max_value=SLOWEST_ROTATION_SECONDS, required=False)
    tiles = TileSerializer(many=True, max_length=MOST_TILES, required=False)  # type: ignore[call-arg]  # as above


class PartialMosaicSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # its base has an untyped hook
    """Says what the generator believes of no PATCH: that a field must be sent."""

    target_class = PartialMosaicSerializer

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Describe it as any other, the revision as required."""
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 -- as its documentation does
        return {**described, "required": ["revision"]}


class MosaicPages(Pages):
    """By name, which is unique in a city."""

    ordering = ("name", "id")


@extend_schema(tags=["Mosaics"])
class MosaicsView(GenericAPIView[Mosaic]):
    """Mosaics."""

    serializer_class = MosaicSerializer
    pagination_class = MosaicPages

    def get_queryset(self) -> QuerySet[Mosaic]:
        """Give what the list shows; the browsable API asks for it too."""
        return list_mosaics()

    @extend_schema(
        operation_id="list_mosaics", summary="The city's mosaics", responses=MosaicSummarySerializer(many=True)
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the mosaics by name, without their tiles."""
        mosaics = self.paginate_queryset(self.get_queryset())
        summaries = MosaicSummarySerializer(mosaics, many=True)  # type: ignore[arg-type]  # `many` takes a list
        return self.get_paginated_response(summaries.data)

    @extend_schema(operation_id="create_mosaic", summary="Keep a mosaic", responses={201: MosaicSerializer})
    def post(self, request: Request) -> Response:
        """Keeps an arrangement of cameras under a name; everybody in the city who sees one of them can open it."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        access = access_of(request)
        wanted = Arrangement(**_read(serializer.validated_data))
        mosaic = create_mosaic(access.city, wanted, by=access.user, now=timezone.now())
        return Response(self.get_serializer(mosaic).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["Mosaics"])
class MosaicView(GenericAPIView[Mosaic]):
    """Mosaic."""

    serializer_class = MosaicSerializer

    @extend_schema(operation_id="read_mosaic", summary="One mosaic with its tiles")
    def get(self, request: Request, mosaic_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives a mosaic."""
        return Response(self.get_serializer(find_mosaic(mosaic_id)).data)

    @extend_schema(
        operation_id="change_mosaic",
        summary="Change a mosaic",
        request=ChangedMosaicSerializer,
        responses=MosaicSerializer,
    )
    def put(self, request: Request, mosaic_id: UUID) -> Response:
        """Makes a mosaic what is sent, tiles and all. 409 where it is no longer of the `revision` sent along."""
        return self._change(request, mosaic_id, ChangedMosaicSerializer)

    @extend_schema(
        operation_id="change_mosaic_partly",
        summary="Change parts of a mosaic",
        request=PartialMosaicSerializer,
        responses=MosaicSerializer,
    )
    def patch(self, request: Request, mosaic_id: UUID) -> Response:
        """Changes what is given, `tiles` as a whole. 409 where it is no longer of the `revision` sent along."""
        return self._change(request, mosaic_id, PartialMosaicSerializer)

    @extend_schema(operation_id="remove_mosaic", summary="Remove a mosaic", responses={204: None})
    def delete(self, request: Request, mosaic_id: UUID) -> Response:
        """Removes a mosaic; its cameras stay."""
        remove_mosaic(mosaic_id, by=access_of(request).user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, mosaic_id: UUID, kind: type[ChangedMosaicSerializer]) -> Response:
        find_mosaic(mosaic_id)
        serializer = kind(data=request.data)
        serializer.is_valid(raise_exception=True)
        given, by = _read(serializer.validated_data), access_of(request).user
        revision = given.pop("revision")
        mosaic = change_mosaic(mosaic_id, Change(**given), revision=revision, by=by, now=timezone.now())
        return Response(self.get_serializer(mosaic).data)


def _read(given: dict[str, Any]) -> dict[str, Any]:
    """Give what was sent as the services take it."""
    return given | ({"tiles": [Tile(**tile) for tile in given["tiles"]]} if "tiles" in given else {})
