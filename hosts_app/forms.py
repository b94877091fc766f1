"""The form of a host. What makes sense is decided by hosts_app.spec, for the API as well."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.errors import Invalid
from core.forms import PEMS, PemForm, offer
from engine.types import Connection
from hosts_app.models import Host
from hosts_app.spec import LARGEST_PEM, HostSpec, labels_from, lines_from

CODE = {"class": "code", "spellcheck": "false", "autocomplete": "off", "rows": "4"}


def offer_hosts(form: forms.Form, name: str, hosts: Iterable[Host]) -> None:
    """The hosts that may be chosen at the field of this name."""
    offer(form, name, ((host.slug, host.name) for host in hosts))


class HostForm(PemForm):
    largest = LARGEST_PEM

    name = forms.CharField(
        label=pgettext_lazy("of a host", "Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=gettext_lazy("Where the engine listens"),
        max_length=255,
        help_text=gettext_lazy("unix:///var/run/docker.sock, or tcp://host:2376 with TLS."),
        widget=forms.TextInput(attrs=CODE),
    )
    unprotected_ok = forms.BooleanField(
        label=gettext_lazy("Connect without mutual TLS all the same"),
        required=False,
        help_text=gettext_lazy(
            "Whoever can reach such an address is root on that host. Its pages will say so."
        ),
    )
    address = forms.CharField(
        label=gettext_lazy("Address for links"),
        required=False,
        max_length=255,
        help_text=gettext_lazy(
            "Under which browsers reach its published ports, such as docker1.example or 10.0.0.5."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    labels = forms.CharField(
        label=gettext_lazy("Labels"),
        required=False,
        help_text=gettext_lazy("One per line, like site=berlin. The list filters by them."),
        widget=forms.Textarea(attrs=CODE),
    )
    password = forms.CharField(
        label=gettext_lazy("Your password again, please"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, host: Host | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if host:
            stored = {"ca": host.ca, "cert": host.cert_sealed, "key": host.key_sealed}
            self.is_stored(*(name for name in PEMS if stored[name]))

    def clean_labels(self) -> dict[str, str]:
        try:
            return labels_from(self.cleaned_data["labels"])
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def spec(self) -> HostSpec:
        said = self.cleaned_data
        return HostSpec(
            name=said["name"].strip(),
            connection=Connection(said["url"].strip(), *map(self.pem, PEMS)),
            address=said["address"].strip(),
            labels=said["labels"],
        )


def initial(host: Host) -> dict[str, Any]:
    """What the form of a stored host begins with: everything but its certificates and keys."""
    return {
        "name": host.name,
        "url": host.url,
        "address": host.address,
        "labels": lines_from(host.labels),
        "unprotected_ok": not host.protected,
    }
