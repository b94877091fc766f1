"""What every page shows around its content: navigation, hosts, job tray, language, theme."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts_app.models import User
from hosts_app.models import Host
from hosts_app.selectors import seen_hosts
from jobs_app.rows import tray

THEMES = {"light", "dark"}
PIPS = {"reachable": "", "slow": "warn", "unchecked": "idle"}  # any other state: off


def shell(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {"theme": theme if theme in THEMES else "", "page_key": ""}
    user = getattr(request, "user", None)
    if not isinstance(user, User) or request.headers.get("HX-Request"):
        return context
    hosts = seen_hosts(request)
    return (
        context
        | tray(user)
        | {
            "nav": _navigation(user),
            "tabs": _tabs(),
            "scope": _scope(hosts),
            "live_version": sum(host.version for host in hosts),
            "person": user.username,
            "page_key": _page_key(request.path),
        }
    )


def _navigation(user: User) -> list[dict[str, Any]]:
    return [
        {
            "head": "",
            "items": [
                _item("overview", _("Overview"), "/", "layout-dashboard"),
                _item("containers", _("Containers"), "/containers/", "box"),
                _item("logs", _("Logs"), "/logs/", "scroll-text"),
                _item("images", _("Images"), "/images/", "image"),
            ],
        },
        {
            "head": pgettext("images come from there", "Supply"),
            "items": [
                _item("registries", _("Registries"), "/registries/", "archive"),
                _item("builds", _("Builds"), "/builds/", "layers"),
            ],
        },
        {
            "head": _("Fleet"),
            "items": [
                _item("hosts", _("Hosts"), "/hosts/", "server"),
                _item("jobs", _("Jobs"), "/jobs/", "list"),
            ],
        },
        *_administration(user),
    ]


def _administration(user: User) -> list[dict[str, Any]]:
    if not user.is_administrator:
        return []
    items = [
        _item("users", _("Users"), "/settings/users/", "users"),
        _item("audit", _("Audit trail"), "/audit/", "history"),
    ]
    return [{"head": _("Settings"), "items": items}]


def _tabs() -> list[dict[str, Any]]:
    return [
        _item("overview", _("Overview"), "/", "layout-dashboard"),
        _item("containers", _("Containers"), "/containers/", "box"),
        _item("hosts", _("Hosts"), "/hosts/", "server"),
        _item("jobs", _("Jobs"), "/jobs/", "list"),
    ]


def _item(key: str, label: str, url: str, icon: str) -> dict[str, Any]:
    return {"key": key, "label": label, "url": url, "icon": icon, "count": ""}


def _scope(hosts: list[Host]) -> dict[str, Any]:
    up = sum(host.answering for host in hosts)
    return {
        "label": _("All hosts"),
        "count": len(hosts),
        "pips": [PIPS.get(host.state, "off") for host in hosts],
        "label_text": ngettext(
            "%(up)d of %(n)d host reachable", "%(up)d of %(n)d hosts reachable", len(hosts)
        )
        % {"up": up, "n": len(hosts)},
    }


def _page_key(path: str) -> str:
    if path.startswith("/h/"):  # /h/host/c/name/ and /h/host/i/name/
        return "images" if path.split("/", 4)[3:4] == ["i"] else "containers"
    first, *rest = path.strip("/").split("/")
    return rest[0] if first == "settings" and rest else first or "overview"
