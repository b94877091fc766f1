"""How our forms draw themselves: one field template for all."""

from django import forms
from django.forms.renderers import TemplatesSetting

from core.errors import Invalid


class Renderer(TemplatesSetting):
    form_template_name = "components/_form.html"
    field_template_name = "components/_field.html"


def add_errors(form: forms.Form, error: Invalid) -> None:
    """Show what a service found wrong at the form's fields; the rest above them."""
    for each in error.errors:
        form.add_error(each.field if each.field in form.fields else None, each.message)
    if not error.errors:
        form.add_error(None, error.message)
