"""Signing in, with its second step, and one's own account: setting that step up, and tokens for programs."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, get_user_model, login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cities import second_step, tokens
from cities.accounts import end_old_password, tell_revoked
from cities.audit.services import note_in_own_cities
from cities.errors import InvalidInput
from cities.models import ApiToken, AuditAction, User
from cities.opening import close_city
from cities.pages import protect_page

SESSION_HALF = "half_signed_in"
HALF_SIGNED_IN_FOR = timedelta(minutes=5)
DAYS_OF_A_TOKEN = (30, 90, 365)


class SignInView(LoginView):
    """The door for people; whoever is signed in already goes on, whoever has a second step goes there first."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        if not second_step.has_second_step(user):
            note_in_own_cities(user, AuditAction.SIGNED_IN, at=timezone.now())
            return super().form_valid(form)
        # The password was right: that lets nobody in without the code, and is worth something only for a while.
        half = {"user": user.pk, "at": timezone.now().isoformat(), "next": self.get_success_url()}
        self.request.session[SESSION_HALF] = half | {"password": user.get_session_auth_hash()}
        return redirect("second-step")

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> Any:
        return protect_page(super().render_to_response(context, **response_kwargs))


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the right password, and let in who gives it."""
    half = request.session.get(SESSION_HALF)
    user = _half_signed_in(half, timezone.now())
    if half is None or user is None:
        request.session.pop(SESSION_HALF, None)
        return redirect("login")
    error = ""
    if request.method == "POST":
        if second_step.check_code(user, request.POST.get("code", "")):
            del request.session[SESSION_HALF]
            note_in_own_cities(user, AuditAction.SIGNED_IN, at=timezone.now(), facts={"second_step": True})
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(half["next"])
        error = gettext("The code is not right. Wait for the next one and try again.")
    return _page(request, "registration/second_step.html", {"error": error})


class SignOutView(LogoutView):
    """The way out; a city that stands open by break-glass is closed with it."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            close_city(request, request.user, now=timezone.now())
            note_in_own_cities(request.user, AuditAction.SIGNED_OUT, at=timezone.now())
        return super().post(request, *args, **kwargs)


@require_GET
@login_required
def show_account(request: HttpRequest) -> HttpResponse:
    """Show one's own second step and tokens."""
    return _account_page(request)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@login_required
def set_up_second_step(request: HttpRequest) -> HttpResponse:
    """Show the secret for the app; once a code made with it comes back, it counts, and backup codes are shown once."""
    user = _user_of(request)
    if second_step.has_second_step(user):
        return redirect("account")
    error = ""
    if request.method == "POST":
        try:
            codes = second_step.confirm_enrolment(user, request.POST.get("code", ""))
        except InvalidInput as refused:
            error = gettext(refused.message)
        else:
            note_in_own_cities(user, AuditAction.SECOND_STEP_SET_UP, at=timezone.now())
            return _page(request, "registration/backup_codes.html", {"codes": codes})
    enrolment = second_step.begin_enrolment(user)
    return _page(request, "registration/set_up_second_step.html", {"enrolment": enrolment, "error": error})


@sensitive_post_parameters("password")
@require_POST
@login_required
def give_up_second_step(request: HttpRequest) -> HttpResponse:
    """Let the password suffice again, for who knows it."""
    user = _user_of(request)
    if not _knows_password(request, "password"):
        messages.error(request, gettext("The password is not right; the second step stays."))
    else:
        second_step.remove_second_step(user)
        note_in_own_cities(user, AuditAction.SECOND_STEP_REMOVED, at=timezone.now())
        messages.success(request, gettext("From now on the password alone lets you in."))
    return redirect("account")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@login_required
def change_own_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; guesses at the old one count as they do at the door, and a new one ends the old."""
    user = _user_of(request)
    form = PasswordChangeForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and not _knows_password(request, "old_password"):
        if getattr(request, "axes_locked_out", False):
            return HttpResponseForbidden()  # the lock's own middleware puts its page in place of this
    elif form.is_valid():
        _take_new_password(request, form)
        return redirect("account")
    return _page(request, "registration/change_password.html", {"form": form})


@require_POST
@login_required
def make_own_token(request: HttpRequest) -> HttpResponse:
    """Make a token in one's own name and show it, once."""
    lasts = {str(days): timedelta(days=days) for days in DAYS_OF_A_TOKEN}.get(request.POST.get("days", ""))
    if lasts is None:
        messages.error(request, gettext("Choose how long the token is good for."))
        return redirect("account")
    try:
        token = tokens.make_token(_user_of(request), name=request.POST.get("name", ""), lasts=lasts)
    except InvalidInput as refused:
        messages.error(request, gettext(refused.message))
        return redirect("account")
    name = {"name": request.POST["name"]}
    note_in_own_cities(_user_of(request), AuditAction.TOKEN_MADE, at=timezone.now(), facts=name)
    return _account_page(request, token=token)


@require_POST
@login_required
def revoke_own_token(request: HttpRequest) -> HttpResponse:
    """Make one of one's own tokens worthless; another's does not exist for the caller."""
    if tokens.revoke_token(_user_of(request), request.POST.get("token", "")):
        note_in_own_cities(_user_of(request), AuditAction.TOKEN_REVOKED, at=timezone.now())
        messages.success(request, gettext("The token is revoked."))
    return redirect("account")


def _account_page(request: HttpRequest, *, token: str = "") -> HttpResponse:
    user = _user_of(request)
    context = {
        "has_second_step": second_step.has_second_step(user),
        "tokens": ApiToken.objects.filter(user=user).order_by("-created"),
        "days_of_a_token": DAYS_OF_A_TOKEN,
        "token": token,
        "user_id": user.pk,
    }
    return _page(request, "registration/account.html", context)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = protect_page(render(request, template, context))
    response["Cache-Control"] = "no-store"
    return response


def _half_signed_in(half: Any, now: datetime) -> User | None:
    if not half or not timedelta(0) <= now - datetime.fromisoformat(half["at"]) <= HALF_SIGNED_IN_FOR:
        return None
    user: User | None = get_user_model().objects.filter(pk=half["user"], is_active=True).first()
    return user if user and half.get("password") == user.get_session_auth_hash() else None


@transaction.atomic
def _take_new_password(request: HttpRequest, form: PasswordChangeForm) -> None:
    user: User = form.save()
    update_session_auth_hash(request, user)
    facts = end_old_password(user)
    note_in_own_cities(user, AuditAction.ACCOUNT_CHANGED, at=timezone.now(), facts=facts)
    messages.success(request, gettext("Your password is changed."))
    if told := tell_revoked(facts["revoked_tokens"]):
        messages.warning(request, told)


def _knows_password(request: HttpRequest, field: str) -> bool:
    """Ask as the door does: who has come by somebody's session guesses no oftener than who stands before the door."""
    user = _user_of(request)
    return authenticate(request, username=user.get_username(), password=request.POST.get(field, "")) == user


def _user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 -- login_required saw to it
    return request.user
