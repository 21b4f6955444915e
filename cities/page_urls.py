"""Addresses of the pages about signing in, one's account, the language and the city one looks at."""

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from cities import account
from cities.views import break_glass, choose_city, end_break_glass

urlpatterns = [
    path("login/", account.SignInView.as_view(), name="login"),
    path("login/code", account.enter_code, name="second-step"),
    # One door for everybody: the administration's own would let people in by their password alone, and out without a
    # word in the audit log.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/logout/", account.SignOutView.as_view()),
    path("admin/password_change/", login_required(RedirectView.as_view(pattern_name="change-password"))),
    path("logout/", account.SignOutView.as_view(), name="logout"),
    path("account", account.show_account, name="account"),
    path("account/password", account.change_own_password, name="change-password"),
    path("account/second-step", account.set_up_second_step, name="set-up-second-step"),
    path("account/second-step/remove", account.give_up_second_step, name="give-up-second-step"),
    path("account/tokens", account.make_own_token, name="make-own-token"),
    path("account/tokens/revoke", account.revoke_own_token, name="revoke-own-token"),
    path("language", set_language, name="set_language"),
    path("city", choose_city, name="choose_city"),
    path("break-glass", break_glass, name="break-glass"),
    path("break-glass/end", end_break_glass, name="end-break-glass"),
]
