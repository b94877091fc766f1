"""The form of a registry. What makes sense is decided by registries_app.spec, as for the API."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import FieldError, Invalid
from core.forms import PemForm, add_errors
from registries_app.models import Registry
from registries_app.protocol.targets import HUB, origin_of
from registries_app.spec import LARGEST_PEM, RegistrySpec

CODE = {"class": "code", "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}
SECRETS = ("password", "cert", "key")


class RegistryForm(PemForm):
    """A stored secret is never shown; what was just typed comes back with an error."""

    largest = LARGEST_PEM

    kind = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=pgettext_lazy("of a registry", "Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=255,
        help_text=_("https://registry.example:5000, or http:// where nothing is encrypted."),
        widget=forms.TextInput(attrs=CODE),
    )
    username = forms.CharField(
        label=_("User name"), required=False, strip=False, widget=forms.TextInput(attrs=CODE)
    )
    password = forms.CharField(
        label=_("Password or token"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(render_value=True, attrs={"autocomplete": "new-password"}),
    )
    drop_password = forms.BooleanField(label=_("Remove the stored password"), required=False)
    drop_cert = forms.BooleanField(label=_("Remove certificate and key"), required=False)
    skip_verify = forms.BooleanField(
        label=_("Do not verify its certificate"),
        required=False,
        help_text=_("Whoever sits in between can then read and change everything. It is marked."),
    )
    realms = forms.CharField(
        label=_("Sign-in services elsewhere"),
        required=False,
        help_text=_(
            "Addresses like https://auth.example, one per line, that may get its password. Docker "
            "Hub's and GitLab's own are known."
        ),
        widget=forms.Textarea(attrs=CODE | {"rows": "2"}),
    )
    mirror_of = forms.ChoiceField(label=_("Serves the images of"), required=False)
    mirror_kind = forms.ChoiceField(
        label=_("Where they are on it"),
        required=False,
        choices=[
            ("root", _("Under the same names: mirror/library/nginx")),
            ("prefix", _("Under a prefix: mirror/hub-cache/library/nginx")),
            ("ns", _("Under the same names, with the parameter ns in each request")),
        ],
    )
    mirror_prefix = forms.CharField(
        label=_("Prefix"),
        required=False,
        help_text=_("Such as hub-cache; of Harbor, the name of the proxy project."),
        widget=forms.TextInput(attrs=CODE),
    )
    confirmation = forms.CharField(
        label=_("Your own password"),
        required=False,
        strip=False,
        help_text=_("Asked again, since this decides where images and passwords go."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, registry: Registry | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry = registry
        others = Registry.objects.filter(mirror_of=None)
        if registry:
            others = others.exclude(pk=registry.pk)
            self.is_stored(*(each for each in SECRETS if getattr(registry, f"{each}_sealed")))
        choices = [("", _("itself: it is no mirror")), *others.values_list("slug", "name")]
        self.fields["mirror_of"].choices = choices  # type: ignore[attr-defined]

    def spec(self) -> RegistrySpec:
        """What was said; of a secret left empty, that the stored one stays."""
        said = self.cleaned_data
        mirror = said["mirror_of"]
        return RegistrySpec(
            name=said["name"].strip(),
            url=said["url"].strip(),
            kind=said["kind"] or Registry.Kind.OTHER,
            username=said["username"],
            password=self._secret("password", said["password"], drop=said["drop_password"]),
            ca=self.pem("ca"),
            cert=self._secret("cert", self.pem("cert"), drop=said["drop_cert"]),
            key=self._secret("key", self.pem("key"), drop=said["drop_cert"]),
            skip_verify=said["skip_verify"],
            realms=tuple(_origins(said["realms"])),
            mirror_of=mirror,
            mirror_kind=said["mirror_kind"] if mirror else "",
            mirror_prefix=said["mirror_prefix"].strip("/ ") if mirror else "",
        )

    def _secret(self, name: str, typed: str, *, drop: bool) -> str | None:
        kept = self.registry is not None and bool(getattr(self.registry, f"{name}_sealed"))
        return None if kept and not typed and not drop else typed

    def show(self, error: Invalid) -> None:
        """What a service found wrong, at our fields: mirror.of is mirror_of here."""
        at = [FieldError(each.field.replace(".", "_"), each.message) for each in error.errors]
        add_errors(self, Invalid(error.message, errors=at))


def _origins(text: str) -> list[str]:
    """Addresses as they were typed, in their short form where they are any."""
    found = []
    for line in text.split():
        try:
            found.append(origin_of(line))
        except ValueError:
            found.append(line)
    return found


def initial(registry: Registry) -> dict[str, Any]:
    """What the form of a stored registry begins with: everything but its secrets."""
    names = ("name", "kind", "username", "ca", "skip_verify", "mirror_kind", "mirror_prefix")
    return {name: getattr(registry, name) for name in names} | {
        "url": "docker.io" if registry.url == HUB else registry.url,
        "realms": "\n".join(registry.realms),
        "mirror_of": registry.mirror_of.slug if registry.mirror_of else "",
    }
