"""The API of groups of cameras; who sees only some cameras of the city finds none, and only managers change them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cameras.groups.queries import find_group, list_groups
from cameras.groups.services import change_group, make_group, remove_group
from cameras.models import CameraGroup
from cities.models import Role
from cities.pagination import Pages
from cities.permissions import access_of

MOST_CAMERAS = 5_000


class GroupSerializer(serializers.Serializer[CameraGroup]):
    """A group of cameras."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120, help_text="Unique in its city, whatever its case.")
    camera_ids = serializers.ListField(
        child=serializers.UUIDField(), max_length=MOST_CAMERAS, help_text="Cameras of the city; [] for none."
    )


class GroupPages(Pages):
    """By name, which is unique in a city."""

    ordering = ("name", "id")


@extend_schema(tags=["Streaming"])
class GroupsView(GenericAPIView[CameraGroup]):
    """Groups of cameras."""

    serializer_class = GroupSerializer
    pagination_class = GroupPages
    role_to_change = Role.MANAGER
    of_the_whole_city = ("POST",)

    def get_queryset(self) -> QuerySet[CameraGroup]:
        """Give what the list shows; the browsable API asks for it too."""
        return list_groups()

    @extend_schema(
        operation_id="list_groups", summary="The city's groups of cameras", responses=GroupSerializer(many=True)
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the groups by name."""
        groups = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(groups, many=True).data)

    @extend_schema(operation_id="make_group", summary="Make a group of cameras", responses={201: GroupSerializer})
    def post(self, request: Request) -> Response:
        """Makes a group. Members are put into it in the administration, and see its cameras and no others."""
        access, given = access_of(request), _read(self, request)
        group = make_group(access.city, **given, by=access.user, now=timezone.now())
        return Response(self.get_serializer(find_group(group.pk)).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["Streaming"])
class GroupView(GenericAPIView[CameraGroup]):
    """Group of cameras."""

    serializer_class = GroupSerializer
    role_to_change = Role.MANAGER
    of_the_whole_city = ("PUT", "DELETE")

    @extend_schema(operation_id="read_group", summary="One group of cameras")
    def get(self, request: Request, group_id: UUID) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Gives a group."""
        return Response(self.get_serializer(find_group(group_id)).data)

    @extend_schema(operation_id="replace_group", summary="Change a group of cameras")
    def put(self, request: Request, group_id: UUID) -> Response:
        """Gives the group this name and exactly these cameras; its members see them, and no others, at once."""
        group = find_group(group_id)
        change_group(group, **_read(self, request), by=access_of(request).user, now=timezone.now())
        return Response(self.get_serializer(find_group(group_id)).data)

    @extend_schema(operation_id="remove_group", summary="Remove a group of cameras", responses={204: None})
    def delete(self, request: Request, group_id: UUID) -> Response:
        """Removes the group, never its cameras; 409 while members are in it."""
        remove_group(find_group(group_id), by=access_of(request).user, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(view: GenericAPIView[CameraGroup], request: Request) -> dict[str, Any]:
    serializer = view.get_serializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    return given
