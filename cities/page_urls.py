"""Addresses of the pages about signing in, the language and the city one looks at."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.i18n import set_language

from cities.views import SignInView, choose_city

urlpatterns = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language", set_language, name="set_language"),
    path("city", choose_city, name="choose_city"),
]
