"""The form that copies images from one registry to another."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import CODE, offer
from registries_app.models import Registry


class CopyForm(forms.Form):
    """From where, what, and to where."""

    source = forms.ChoiceField(label=_("From the registry"))
    repository = forms.CharField(
        label=_("Repository"), max_length=255, widget=forms.TextInput(attrs=CODE)
    )
    references = forms.CharField(
        label=_("Tags or digests"),
        max_length=4000,
        help_text=_("One, or several with spaces between them."),
        widget=forms.TextInput(attrs=CODE),
    )
    target = forms.ChoiceField(label=_("To the registry"))
    target_repository = forms.CharField(
        label=_("Repository there"),
        max_length=255,
        required=False,
        help_text=_("Empty: the same name. The same registry and name: only a new tag."),
        widget=forms.TextInput(attrs=CODE),
    )
    target_reference = forms.CharField(
        label=_("Tag there"),
        max_length=140,
        required=False,
        help_text=_("Empty: the same. For one image only."),
        widget=forms.TextInput(attrs=CODE),
    )
    overwrite = forms.BooleanField(
        label=_("Where a tag stands for another image there, put it on this one"), required=False
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, registries: Iterable[Registry], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(each.slug, f"{each.name} · {each.domain}") for each in registries]
        for name in ("source", "target"):
            offer(self, name, choices)

    def clean_references(self) -> list[str]:
        return list(dict.fromkeys(str(self.cleaned_data["references"]).replace(",", " ").split()))
