"""The form of a new build, and how it becomes what builds.build takes."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import CODE, pairs
from hosts_app.forms import offer_hosts
from hosts_app.models import Host
from images_app.building.builds import Wanted
from jobs_app.models import Job

AREA = CODE | {"rows": 3}


class BuildForm(forms.Form):
    host = forms.ChoiceField(label=_("Host"))
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        help_text=_("Names for the image, with spaces between them: shop/web:1.4 shop/web:latest"),
        widget=forms.TextInput(attrs=CODE),
    )
    dockerfile = forms.CharField(
        label="Dockerfile",
        required=False,
        strip=False,
        help_text=_("Typed here, or where it is in the context; empty for the context's own."),
        widget=forms.Textarea(attrs=CODE | {"rows": 14, "wrap": "off"}),
    )
    context = forms.FileField(
        label=_("Context, as a tar"),
        required=False,
        allow_empty_file=True,
        help_text=_("The files that COPY and ADD may take. Its .dockerignore is honoured."),
        widget=forms.FileInput(attrs={"accept": ".tar,application/x-tar"}),
    )
    remote = forms.CharField(
        label=_("Git repository"),
        required=False,
        help_text=_(
            "https://host/path.git#branch:folder. The engine fetches it; administrators only."
        ),
        widget=forms.TextInput(attrs=CODE),
    )
    build_args = forms.CharField(
        label=_("Build arguments"),
        required=False,
        strip=False,
        help_text=_(
            "NAME=VALUE, one a line. We keep no values, but the image's history shows them: "
            "no secrets here."
        ),
        widget=forms.Textarea(attrs=AREA),
    )
    labels = forms.CharField(
        label=_("Labels"),
        required=False,
        help_text=_("NAME=VALUE, one a line."),
        widget=forms.Textarea(attrs=AREA),
    )
    target = forms.CharField(
        label=_("Target stage"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=CODE),
    )
    network = forms.ChoiceField(
        label=_("Network of RUN"),
        required=False,
        choices=[("", _("The engine's default")), ("none", "none"), ("host", "host")],
    )
    no_cache = forms.BooleanField(label=_("Do not use the cache"), required=False)
    pull = forms.BooleanField(label=_("Look for newer base images"), required=False)
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, hosts: Iterable[Host], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_hosts(self, "host", hosts)

    def wanted(self) -> Wanted:
        """Raises Invalid for lines that are no pairs."""
        given = self.cleaned_data
        return Wanted(
            dockerfile=given["dockerfile"].replace("\r\n", "\n"),
            tags=given["tags"].split(),
            build_args=pairs(given["build_args"], "build_args"),
            target=given["target"],
            labels=pairs(given["labels"], "labels"),
            no_cache=given["no_cache"],
            pull=given["pull"],
            remote=given["remote"],
            network=given["network"],
        )


class CheckForm(forms.Form):
    """What is judged while it is typed; `paths` is a JSON list, "" where no folder was chosen."""

    dockerfile = forms.CharField(required=False, strip=False)
    build_args = forms.CharField(required=False, strip=False)
    target = forms.CharField(required=False)
    paths = forms.CharField(required=False)
    ignore = forms.CharField(required=False, strip=False)

    def clean_paths(self) -> list[str] | None:
        try:
            found = json.loads(self.cleaned_data["paths"] or "null")
        except (ValueError, RecursionError):
            found = None
        return [str(each) for each in found] if isinstance(found, list) else None


def again(job: Job, dockerfile: str) -> dict[str, Any]:
    """What a build like `job` starts from; values of arguments have to be typed again."""
    params = job.params
    return {
        "host": job.host_name,
        "tags": " ".join(params.get("tags", [])),
        "dockerfile": dockerfile,
        "remote": params.get("remote", ""),
        "build_args": "".join(f"{name}=\n" for name in params.get("build_args", [])),
        "labels": "".join(f"{name}={value}\n" for name, value in params.get("labels", {}).items()),
        "target": params.get("target", ""),
        "network": params.get("network", ""),
        "no_cache": params.get("no_cache", False),
        "pull": params.get("pull", False),
    }
