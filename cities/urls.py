"""The API's addresses of cities."""

from django.urls import include, path

from cities.api import CitiesView, CityView

urlpatterns = [
    path("cities", CitiesView.as_view(), name="api-cities"),
    path("cities/<uuid:city_id>", CityView.as_view(), name="api-city"),
    path("", include("cities.audit.urls")),
]
