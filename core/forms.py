"""How our forms draw themselves: one field template for all; and how they ask for the password."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DashboardError, Invalid, StepUpRequired

CODE = {"class": "code", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


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
