"""The API of cities: read only, and only the caller's own."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cities.errors import NotThere
from cities.models import City
from cities.pagination import Pages
from cities.permissions import access_of


class CitySerializer(serializers.ModelSerializer[City]):
    """A city as its members see it."""

    class Meta:
        model = City
        fields = ["id", "name", "time_zone"]
        read_only_fields = fields


class CityPages(Pages):
    """By name, which is unique."""

    ordering = ("name", "id")


@extend_schema(tags=["System"])
class CitiesView(GenericAPIView[City]):
    """Cities."""

    serializer_class = CitySerializer
    pagination_class = CityPages

    def get_queryset(self) -> QuerySet[City]:
        """Give what the list shows; the browsable API asks for it too."""
        return City.objects.filter(pk=access_of(self.request).city.pk)

    @extend_schema(operation_id="list_cities", summary="The city of X-City-ID", responses=CitySerializer(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists one city: the one the request is made for."""
        cities = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(cities, many=True).data)


@extend_schema(tags=["System"])
class CityView(GenericAPIView[City]):
    """City."""

    serializer_class = CitySerializer

    @extend_schema(operation_id="read_city", summary="One city")
    def get(self, request: Request, city_id: UUID) -> Response:
        """Gives the city of X-City-ID; any other is not there."""
        city = access_of(request).city
        if city.pk != city_id:
            raise NotThere(f"no city {city_id} for a caller in {city.pk}")
        return Response(self.get_serializer(city).data)
