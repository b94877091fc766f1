"""Small facts about a request that several apps need."""

from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The address of whoever asks; `X-Forwarded-For` counts only behind trusted proxies (A7).

    With TRUSTED_PROXIES = n the n-th address from the right was written by our outermost
    proxy; everything to its left the client may have invented.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    if proxies and len(hops) >= proxies:
        with suppress(ValueError):
            return str(ip_address(hops[-proxies].strip()))
    return direct


def wants_json(request: HttpRequest) -> bool:
    """Whether this is a script or the API, and not a person looking at pages."""
    return request.path.startswith("/api/") or "application/json" in request.headers.get(
        "Accept", ""
    )


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
