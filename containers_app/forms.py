"""The form of a new container, and how it becomes what services.run takes."""

import re
import shlex
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.errors import FieldError, Invalid
from core.forms import CODE, pairs
from hosts_app.forms import offer_hosts
from hosts_app.models import Host

MOST_ROWS = 500


class RunForm(forms.Form):
    """What is not a list. `variables` and `labels` are lines NAME=VALUE."""

    host = forms.ChoiceField(label=gettext_lazy("Host"))
    image = forms.CharField(
        label=gettext_lazy("Image"),
        max_length=512,
        help_text=gettext_lazy("One that the host has."),
        widget=forms.TextInput(attrs=CODE | {"list": "names"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=128,
        help_text=gettext_lazy("The engine thinks one up if you give none."),
        widget=forms.TextInput(attrs=CODE),
    )
    command = forms.CharField(
        label=gettext_lazy("Command"),
        required=False,
        help_text=gettext_lazy("Split as a shell would, but no shell runs it."),
        widget=forms.TextInput(
            attrs=CODE
            | {
                "hx-post": "/containers/new/arguments/",
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#arguments",
                "hx-params": "command",
            }
        ),
    )
    variables = forms.CharField(
        label=gettext_lazy("More variables, as lines"),
        required=False,
        strip=False,
        help_text=gettext_lazy("NAME=VALUE, one a line, as in an .env file. # begins a comment."),
        widget=forms.Textarea(attrs=CODE | {"rows": 3}),
    )
    labels = forms.CharField(
        label=gettext_lazy("Labels, as lines"),
        required=False,
        help_text=gettext_lazy("NAME=VALUE, one a line."),
        widget=forms.Textarea(attrs=CODE | {"rows": 3}),
    )
    restart = forms.ChoiceField(
        label=gettext_lazy("Restart policy"),
        required=False,
        choices=[
            ("no", gettext_lazy("Not restarted")),
            ("unless-stopped", gettext_lazy("Always, unless it was stopped")),
            ("always", gettext_lazy("Always, also after the engine restarts")),
            ("on-failure", gettext_lazy("When it fails")),
        ],
    )
    retries = forms.IntegerField(
        label=gettext_lazy("At most so many restarts"),
        required=False,
        min_value=1,
        max_value=9999,
        help_text=gettext_lazy("Only for “When it fails”."),
    )
    network = forms.CharField(
        label=gettext_lazy("Network"),
        required=False,
        max_length=255,
        help_text=gettext_lazy("Empty: the engine's default. none, bridge, or a network's name."),
        widget=forms.TextInput(attrs=CODE),
    )
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, hosts: Iterable[Host], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_hosts(self, "host", hosts)

    def clean_command(self) -> list[str]:
        return arguments(self.cleaned_data["command"])


class VariableForm(forms.Form):
    name = forms.CharField(
        required=False,
        strip=True,
        widget=forms.TextInput(attrs=CODE | {"placeholder": "NAME"}),
        label=gettext_lazy("Name"),
    )
    value = forms.CharField(
        required=False,
        strip=False,
        widget=forms.TextInput(attrs=CODE),
        label=gettext_lazy("Value"),
    )


class PortForm(forms.Form):
    container = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=65535,
        label=gettext_lazy("Port in the container"),
        widget=forms.NumberInput(attrs={"placeholder": gettext_lazy("in it: 80")}),
    )
    protocol = forms.ChoiceField(
        required=False,
        initial="tcp",
        choices=[(name, name) for name in ("tcp", "udp", "sctp")],
        label=gettext_lazy("Protocol"),
    )
    host = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=65535,
        label=gettext_lazy("Port of the host"),
        widget=forms.NumberInput(attrs={"placeholder": gettext_lazy("on the host: any free")}),
    )
    address = forms.CharField(
        required=False,
        max_length=45,
        label=gettext_lazy("Address of the host"),
        widget=forms.TextInput(attrs=CODE | {"placeholder": gettext_lazy("address: all")}),
    )


class MountForm(forms.Form):
    type = forms.ChoiceField(
        required=False,
        initial="volume",
        label=gettext_lazy("Type"),
        choices=[
            ("volume", pgettext_lazy("kind of mount", "Volume")),
            ("bind", pgettext_lazy("kind of mount", "Folder of the host")),
            ("tmpfs", pgettext_lazy("kind of mount", "In memory (tmpfs)")),
        ],
    )
    source = forms.CharField(
        required=False,
        max_length=4096,
        label=gettext_lazy("Volume or folder"),
        widget=forms.TextInput(attrs=CODE | {"placeholder": gettext_lazy("data or /srv/data")}),
    )
    target = forms.CharField(
        required=False,
        max_length=4096,
        label=gettext_lazy("Path in the container"),
        widget=forms.TextInput(attrs=CODE | {"placeholder": "/data"}),
    )
    read_only = forms.BooleanField(required=False, label=gettext_lazy("read-only"))


VariableForms = forms.formset_factory(VariableForm, extra=1, max_num=MOST_ROWS)
PortForms = forms.formset_factory(PortForm, extra=1, max_num=MOST_ROWS)
MountForms = forms.formset_factory(MountForm, extra=1, max_num=MOST_ROWS)
SETS: dict[str, Any] = {"env": VariableForms, "ports": PortForms, "mounts": MountForms}
OWN_NAMES = {"csrfmiddlewaretoken", "do"}
SET_NAME = re.compile(
    r"(?P<set>env|ports|mounts)-(?:(?:TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS|\d+-(?P<field>\w+))\Z"
)


class RunPage:
    """The form with its lists of variables, ports and mounts, bound to what was posted, if any."""

    def __init__(
        self, hosts: Iterable[Host], posted: QueryDict | None = None, **initial: str
    ) -> None:
        self.posted = posted if posted is not None else QueryDict()
        self.form = RunForm(hosts, posted, initial=initial)
        self.sets = {prefix: made(posted, prefix=prefix) for prefix, made in SETS.items()}

    def is_valid(self) -> bool:
        """Asks every part, so that all that is wrong is shown at once."""
        return all([self.form.is_valid(), *(each.is_valid() for each in self.sets.values())])

    def require_known_fields(self) -> None:
        """Raise Invalid for a field that is none of ours: nothing is passed through (B4)."""
        for name in self.posted:
            match = SET_NAME.match(name)
            known = match and (
                not match["field"] or match["field"] in SETS[match["set"]].form.base_fields
            )
            if not known and name not in self.form.fields and name not in OWN_NAMES:
                raise Invalid.field(name, _("There is no such field."))

    def said(self) -> dict[str, Any]:
        """What services.run takes. Raises Invalid for lines that are none."""
        given = self.form.cleaned_data
        restart = given["restart"] or "no"
        if restart == "on-failure" and given["retries"]:
            restart = f"on-failure:{given['retries']}"
        rows = {prefix: [form.cleaned_data for form in self._filled(prefix)] for prefix in SETS}
        return {
            "image": given["image"],
            "name": given["name"],
            "command": given["command"],
            "environment": {row["name"]: row["value"] for row in rows["env"]}
            | pairs(given["variables"], "variables"),
            "ports": [_port(row) for row in rows["ports"]],
            "mounts": [_mount(row) for row in rows["mounts"]],
            "labels": pairs(given["labels"], "labels"),
            "restart": restart,
            "network": given["network"],
            "start": self.posted.get("do") != "create",
        }

    def add_errors(self, error: Invalid) -> None:
        """Show what the service found wrong where it was typed."""
        for each in error.errors or [FieldError("", error.message)]:
            field, _dot, rest = each.field.partition(".")
            n, _dot, part = rest.partition(".")
            text = f"{each.message} {error.hint}".strip()
            filled = self._filled(field) if field in self.sets else []
            if n.isdigit() and int(n) < len(filled):
                filled[int(n)].add_error(part if part in filled[int(n)].fields else None, text)
            elif field == "environment":
                self._add_to_variable(rest, text)
            else:
                self.form.add_error(field if field in self.form.fields else None, text)

    def _add_to_variable(self, name: str, text: str) -> None:
        for row in self._filled("env"):
            if row.cleaned_data["name"] == name:
                row.add_error("name", text)
                return
        self.form.add_error("variables", text)

    def _filled(self, prefix: str) -> list[forms.Form]:
        """The rows in which something was typed, in order."""
        return [row for row in self.sets[prefix].forms if row.has_changed()]


def arguments(text: str) -> list[str]:
    """`text` as an argv. Raises ValidationError for a quote that does not end."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise forms.ValidationError(_("A quote or backslash does not end.")) from error


def _port(row: dict[str, Any]) -> dict[str, Any]:
    """A port whose host port is left empty goes to any that the engine finds free."""
    return {
        "container": row["container"],
        "protocol": row["protocol"] or "tcp",
        "host": row["host"] or 0,
        "address": row["address"],
    }


def _mount(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"type": row["type"] or "volume"}


class CommitForm(forms.Form):
    """An image made of a container. What makes sense is decided by containers_app.commit."""

    reference = forms.CharField(
        label=gettext_lazy("Name of the image"),
        max_length=400,
        help_text=gettext_lazy("Such as shop/web:fixed. An image that has this name loses it."),
        widget=forms.TextInput(attrs=CODE),
    )
    message = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("What is different; it stands in the image's history."),
    )
    author = forms.CharField(label=gettext_lazy("Author"), required=False, max_length=1000)
    changes = forms.CharField(
        label=gettext_lazy("Changes of the configuration"),
        required=False,
        strip=False,
        help_text=gettext_lazy(
            "Instructions as in a Dockerfile, one a line: CMD, ENTRYPOINT, ENV, EXPOSE, "
            "HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR."
        ),
        widget=forms.Textarea(attrs=CODE | {"rows": 4}),
    )
    pause = forms.BooleanField(
        label=gettext_lazy("Pause the container meanwhile"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Else files may be copied while they are being written."),
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    container = forms.CharField(max_length=64, widget=forms.HiddenInput)
