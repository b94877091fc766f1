"""Django's CSRF check under `Referrer-Policy: no-referrer`."""

from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware


class CsrfMiddleware(CsrfViewMiddleware):
    """Also take a form of our own page, which under no-referrer comes with `Origin: null`.

    Browsers send null for every form then (Fetch, "serializing a request origin"), and say by
    Sec-Fetch-Site, which no page can forge, whose form it was; where they do not (plain http),
    token and SameSite=Strict cookie stay the guard, as for browsers without Origin.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.headers.get("Origin") == "null":
            return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        return bool(super()._origin_verified(request))  # type: ignore[misc]
