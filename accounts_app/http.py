"""The request that signed-in views get, for type checking."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts_app.models import User


class Request(HttpRequest):
    user: User
    htmx: HtmxDetails
    request_id: str
