"""What an engine tells about one image, as its page shows it: finished texts."""

import re
from collections.abc import Sequence
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.bars import segments
from core.facts import Fact, argv, label_pairs, moment, variables
from core.text import visible
from engine.types import ImageDetail
from images_app.layers import Step

FOLDED = re.compile(r" {3,}|\s*\t\s*")  # where a line of the Dockerfile went on in the next


def of(found: ImageDetail, steps: Sequence[Step]) -> dict[str, Any]:
    """The context of the overview."""
    return {
        "facts": [fact for fact in (*_runs(found), *_made(found)) if fact.text],
        "environment": variables(found.env),
        "labels": label_pairs(found.labels),
        "platform": found.platform,
        **layers(found, steps),
    }


def layers(found: ImageDetail, steps: Sequence[Step]) -> dict[str, Any]:
    """The steps as lines of a Dockerfile, and a bar of those that have bytes."""
    with_bytes = [step for step in steps if step.size_bytes]
    return {
        "steps": [_step(step, found.tags) for step in steps],
        "bar": segments([(step.number, step.size_bytes, step.text) for step in with_bytes]),
        "layers_text": ngettext("%(n)d layer", "%(n)d layers", len(found.layers))
        % {"n": len(found.layers)},
    }


def _step(step: Step, own: Sequence[str]) -> dict[str, Any]:
    """`own` names of the image are no news at its last step; those of its bases are."""
    return {
        "number": step.number,
        "word": step.word,
        "rest": FOLDED.sub("\n    ", step.rest) or visible(step.comment),
        "comment": visible(step.comment) if step.rest else "",
        "size": filesizeformat(step.size_bytes) if step.size_bytes else "",
        "empty": step.empty,
        "layer": step.layer,
        "short": step.layer.removeprefix("sha256:")[:12],
        "created": step.created,
        "tags": [visible(tag, 400) for tag in step.tags if tag not in own],
    }


def _runs(found: ImageDetail) -> list[Fact]:
    ports = ", ".join(f"{port.container}/{port.protocol}" for port in found.exposed_ports)
    return [
        Fact(_("Entrypoint"), argv(found.entrypoint), mono=True),
        Fact(_("Command"), argv(found.command), mono=True),
        Fact(_("Working directory"), visible(found.working_dir), mono=True),
        Fact(_("User"), visible(found.user) or _("root, unless a container says otherwise")),
        Fact(_("Exposed ports"), visible(ports), mono=True),
        Fact(_("Volumes"), visible("\n".join(found.volumes)), mono=True),
        Fact(_("Stop signal"), visible(found.stop_signal), mono=True),
        Fact(_("Health check"), _health(found.health_check), mono=True),
        Fact(_("For images built on it"), visible("\n".join(found.triggers)), mono=True),
    ]


def _made(found: ImageDetail) -> list[Fact]:
    return [
        Fact(_("Platform"), visible(found.platform), mono=True),
        Fact(_("Created at"), moment(found.created)),
        Fact(_("Author"), visible(found.author)),
        Fact(_("Message"), visible(found.comment)),
    ]


def _health(test: Sequence[str]) -> str:
    if not test:
        return ""
    if test[0] == "NONE":
        return _("none")
    return visible(" ".join(test[1:])) if test[0] == "CMD-SHELL" else argv(test[1:])
