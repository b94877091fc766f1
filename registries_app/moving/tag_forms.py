"""The form that gives images of a repository new tags."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import CODE
from registries_app.protocol.tags import is_tag

LONGEST = 128  # characters of a tag


class TagForm(forms.Form):
    """One field for each image; those that stay empty get no tag."""

    overwrite = forms.BooleanField(
        label=_("Where a tag stands for another image, put it on this one"), required=False
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self, images: Mapping[str, str], taken: Mapping[str, str], **options: Any
    ) -> None:
        """`images`: digest → what it is called; `taken`: tags of the repository → digest."""
        super().__init__(**options)
        self.images, self.taken = images, taken
        added = {
            digest: forms.CharField(
                label=gettext("New tag for %(name)s") % {"name": name},
                max_length=LONGEST,
                required=len(images) == 1,
                error_messages={"required": gettext("A tag is needed.")},
                widget=forms.TextInput(attrs=CODE | {"placeholder": "1.2.3"}),
            )
            for digest, name in images.items()
        }
        self.fields = added | self.fields

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        tags = {digest: said[digest].strip() for digest in self.images if said.get(digest)}
        for digest, tag in tags.items():
            if error := self._wrong(digest, tag, list(tags.values())):
                self.add_error(digest, error)
        if not tags and not self.errors:
            self.add_error(next(iter(self.images)), gettext("A tag is needed."))
        return said | {"tags": tags}

    def _wrong(self, digest: str, tag: str, said: list[str]) -> str:
        if not is_tag(tag):
            return gettext(
                "Letters, digits, dots, dashes and underscores, with no dot or dash to begin with."
            )
        if said.count(tag) > 1:
            return gettext("A tag stands for one image only.")
        now = self.taken.get(tag)
        if now == digest:
            return gettext("It has this tag already.")
        if now and not self.cleaned_data.get("overwrite"):
            return gettext("It stands for %(digest)s now.") % {"digest": now[:19]}
        return ""
