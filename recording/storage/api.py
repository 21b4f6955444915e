"""The API of forecasts: how many days each disk yields to the city."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from cities.pagination import Pages
from recording.models import Forecast
from recording.storage.words import say_outlook


class ForecastSerializer(serializers.Serializer[Forecast]):
    """What one media server's disk yields to the city, measured every ten minutes from the last day's footage."""

    media_server = serializers.CharField(source="media_server.name", help_text="The media server's name.")
    bytes_per_day = serializers.IntegerField(help_text="What the city's recorded cameras write a day.")
    footage_bytes = serializers.IntegerField(help_text="The city's footage on it, held footage included.")
    held_bytes = serializers.IntegerField(help_text="Of that, footage that is held and stays.")
    room_bytes = serializers.IntegerField(
        help_text="What the city's footage that is not held may fill, what is there included."
    )
    yields_days = serializers.FloatField(
        allow_null=True, help_text="Days that fit; null where nothing is recorded or it is too early to tell."
    )
    promised_days = serializers.IntegerField(help_text="The longest promise made of the city's cameras on it.")
    measured_at = serializers.DateTimeField()
    sentence = serializers.SerializerMethodField(help_text="The same in words.")

    def get_sentence(self, forecast: Forecast) -> str:
        return say_outlook(forecast.bytes_per_day, forecast.yields_days, forecast.promised_days)


class ForecastPages(Pages):
    """By media server, which is unique in a city."""

    ordering = ("media_server__name",)


@extend_schema(tags=["Recording"])
class ForecastView(GenericAPIView[Forecast]):
    """Forecast."""

    serializer_class = ForecastSerializer
    pagination_class = ForecastPages

    def get_queryset(self) -> QuerySet[Forecast]:
        """Give what the list shows; the browsable API asks for it too."""
        return Forecast.objects.select_related("media_server")

    @extend_schema(
        operation_id="list_forecasts",
        summary="How many days the disks yield",
        responses=ForecastSerializer(many=True),
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature of a handler
        """Lists the media servers that hold the city's footage or cameras, and how many days each yields."""
        forecasts: Any = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(forecasts, many=True).data)
