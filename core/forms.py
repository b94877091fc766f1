"""How our forms draw themselves: one field template for all; and how they ask for the password."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DashboardError, Invalid, StepUpRequired

CODE = {"class": "code", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
PEM = {"class": "code", "spellcheck": "false", "autocomplete": "off", "rows": "4"}
PEMS = ("ca", "cert", "key")


class Renderer(TemplatesSetting):
    form_template_name = "components/_form.html"
    field_template_name = "components/_field.html"


class StepUpForm(forms.Form):
    """A form whose deed wants the password again (A10): it shows a field for it when `due`.

    The service decides; pass it `confirmation()`, and what it raises to `refuse`.
    """

    def __init__(self, *args: Any, due: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.data or (due and not self.is_bound):
            self.ask_password()

    def ask_password(self) -> None:
        self.fields["password"] = forms.CharField(
            label=_("Your own password"),
            help_text=_("Asked again, since this decides who may do what."),
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )

    def confirmation(self) -> str:
        return str(self.data.get("password", ""))


class PemForm(forms.Form):
    """Certificates and a key as pasted texts or as files; stored ones are never shown."""

    largest = 64 * 1024  # characters of one

    ca = forms.CharField(
        label=_("CA certificate"), required=False, widget=forms.Textarea(attrs=PEM)
    )
    cert = forms.CharField(
        label=_("Client certificate"), required=False, widget=forms.Textarea(attrs=PEM)
    )
    key = forms.CharField(label=_("Client key"), required=False, widget=forms.Textarea(attrs=PEM))
    ca_file = forms.FileField(label=_("or as a file, ca.pem"), required=False)
    cert_file = forms.FileField(label=_("or as a file, cert.pem"), required=False)
    key_file = forms.FileField(label=_("or as a file, key.pem"), required=False)

    def is_stored(self, *names: str) -> None:
        """Say at these fields that an empty one keeps what is there."""
        for name in names:
            self.fields[name].help_text = _("Stored. Leave empty to keep it.")

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for name in PEMS:
            file = said.get(f"{name}_file")
            if file:
                self._read(name, file, said)
        return said

    def _read(self, name: str, file: Any, said: dict[str, Any]) -> None:
        """The file's text takes the place of what was pasted, also when the form comes back."""
        raw = file.read(self.largest + 1)
        try:
            said[name] = raw.decode("ascii").strip()
        except UnicodeDecodeError:
            self.add_error(name, gettext("This file is no PEM text."))
            return
        self.data = {**{each: self.data.get(each) for each in self.data}, name: said[name]}

    def pem(self, name: str) -> str:
        """One text with a newline at its end, or ""."""
        return f"{self.cleaned_data[name].strip()}\n".lstrip()


def offer(
    form: forms.Form, name: str, choices: Iterable[tuple[str, str]], *, lines: int = 8
) -> None:
    """What may be chosen at a field: (value, label). A box of several shows at most `lines`."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField), "declared as one"
    field.choices = offered = list(choices)
    if isinstance(field.widget, forms.SelectMultiple):
        field.widget.attrs["size"] = min(lines, max(lines // 4, len(offered)))


def add_errors(form: forms.Form, error: Invalid) -> None:
    """Show what a service found wrong at the form's fields; the rest above them."""
    for each in error.errors:
        form.add_error(each.field if each.field in form.fields else None, each.message)
    if not error.errors:
        form.add_error(None, error.message)


def refuse(form: forms.Form, error: DashboardError) -> int:
    """Show in `form` why its deed was refused, and return the status to answer with.

    A StepUpRequired puts the field for the password into a StepUpForm.
    """
    if isinstance(error, StepUpRequired) and isinstance(form, StepUpForm):
        form.ask_password()
        form.add_error("password", error.message)
    elif isinstance(error, Invalid):
        add_errors(form, error)
    else:
        form.add_error(None, f"{error.message} {error.hint}".strip())
    return error.status


def pairs(text: str, field: str) -> dict[str, str]:
    """NAME=VALUE lines; what is in matching quotes is taken without them, as in .env files."""
    found = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals or not name.strip():
            raise Invalid.field(
                field, gettext("Not NAME=VALUE: %(line)s") % {"line": stripped[:80]}
            )
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
