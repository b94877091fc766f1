"""What every answer tells the browser, and which requests are not ours (D1, F9, F10, H1 to H3)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts_app.models import User
from dashboard.environment import checked_key, checked_origins
from tests import make

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "font-src 'self'", "connect-src 'self'", "form-action 'self'", "manifest-src 'self'",
    "base-uri 'none'", "frame-ancestors 'none'",
}  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("admin", "/jobs/", 200),
        ("admin", "/audit/", 200),
        ("admin", "/settings/profile/", 200),
        ("admin", "/nowhere/", 404),
        ("viewer", "/settings/users/", 403),
        ("", "/login/", 200),
        ("", "/jobs/", 302),
        ("", "/api/v1/me", 401),
        ("", "/healthz", 200),
    ],
)
def test_every_answer_keeps_to_itself(
    request: pytest.FixtureRequest, admin: User, who: str, path: str, status: int
) -> None:
    client = Client()
    if who:
        make.session(client, request.getfixturevalue(who))
    answer = client.get(path)
    assert answer.status_code == status
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert {name: answer[name] for name in (
        "Cache-Control", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options",
        "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
    )} == {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }  # fmt: skip
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/jobs/", "/login/", "/api/v1/me", "/healthz"])
def test_another_host_name_is_refused(admin: User, path: str) -> None:
    client = make.session(Client(), admin)
    assert client.get(path, headers={"Host": "rebind.example"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_changes_nothing(
    admin: User, operator: User, headers: dict[str, str]
) -> None:
    client = make.session(Client(enforce_csrf_checks=True), admin)
    sent = {}
    if headers:  # the token itself is right: only the origin is not ours
        client.get("/settings/profile/")
        token = client.get("/settings/profile/").context["csrf_token"]
        sent = {"csrfmiddlewaretoken": str(token)}
    for path in (
        "/settings/users/operator/disable/", "/settings/users/operator/delete/", "/logout/",
        "/settings/profile/sessions/end-others/",
    ):  # fmt: skip
        assert client.post(path, sent, headers=headers).status_code == 403
    operator.refresh_from_db()
    assert operator.is_active


def test_our_own_form_is_taken_though_it_comes_from_nowhere(admin: User, operator: User) -> None:
    """Under no-referrer browsers send `Origin: null` with every form."""
    client = make.session(Client(enforce_csrf_checks=True), admin)
    token = client.get("/settings/profile/").context["csrf_token"]
    answer = client.post(
        "/settings/users/operator/disable/",
        {"csrfmiddlewaretoken": str(token)},
        headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 302


# -- What a site may not be started with ---------------------------------------------------


@pytest.mark.parametrize("key", ["", "short", "changeme" * 10, "x" * 49, "insecure-" + "x" * 50])
def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        checked_key("SECRET_KEY", key)


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*", "https://*.example", "docker.example", "ftp://docker.example",
     "https://docker.example/path", "https://user@docker.example", "http://docker.example"],
)  # fmt: skip
def test_an_origin_that_is_not_exactly_one_stops_the_start(origin: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_ORIGINS"):
        checked_origins([origin], allow_http=False)


def test_a_site_behind_tls_passes_djangos_own_check(tmp_path: Path) -> None:
    ask = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.conf import settings\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
        "print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME,"
        " settings.SESSION_COOKIE_SECURE, settings.SECURE_HSTS_SECONDS > 0)\n"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
        "CREDENTIAL_KEYS": os.environ["CREDENTIAL_KEYS"],
        "ALLOWED_ORIGINS": "https://docker.example",
    }
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "__Host-session __Host-csrf True True"
