"""The form that makes a private registry on a host."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import CODE, StepUpForm
from hosts_app.forms import offer_hosts
from hosts_app.models import Host
from registries_app.making.making import IMAGE


class MakeForm(StepUpForm):
    """Where, from which image, with which volume and port, and who may use it."""

    host = forms.ChoiceField(label=_("Host"))
    name = forms.CharField(label=_("Name"), max_length=100)
    image = forms.CharField(
        label=_("Image"),
        max_length=400,
        initial=IMAGE,
        help_text=_("One that the host has, or one to be pulled first."),
        widget=forms.TextInput(attrs=CODE),
    )
    volume = forms.CharField(
        label=_("Volume"),
        max_length=128,
        required=False,
        help_text=_("Holds what is pushed. Empty: a new one, named after the registry."),
        widget=forms.TextInput(attrs=CODE),
    )
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=5000)
    address = forms.CharField(
        label=_("Address of the host"),
        max_length=255,
        required=False,
        help_text=_(
            "Under which other hosts reach it. Empty: the host's own; if that is this machine "
            "only, no other host reaches the registry."
        ),
        widget=forms.TextInput(attrs=CODE),
    )
    delete_enabled = forms.BooleanField(
        label=_("Images and tags may be deleted"), required=False, initial=True
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=255,
        required=False,
        help_text=_("Empty: everybody who reaches it may read and write."),
        widget=forms.TextInput(attrs=CODE),
    )
    registry_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, hosts: Iterable[Host], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer_hosts(self, "host", hosts)
