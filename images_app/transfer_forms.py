"""The form that pulls an image."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hosts_app.models import Host


class PullForm(forms.Form):
    """Which image, and to which of `hosts`."""

    reference = forms.CharField(
        label=_("Image"),
        max_length=400,
        help_text=_("Such as nginx:1.27 or registry.example:5000/team/app."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    hosts = forms.MultipleChoiceField(
        label=_("Hosts"), help_text=_("Each host that you choose pulls it by itself.")
    )
    platform = forms.CharField(
        label=_("Platform"),
        max_length=60,
        required=False,
        help_text=_("Such as linux/arm64. Empty: the engine's own."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, hosts: Iterable[Host], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["hosts"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(host.slug, host.name) for host in hosts]
        field.widget.attrs["size"] = min(8, max(2, len(field.choices)))
