"""Jobs in words."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def kind_word(kind: str) -> str:
    """What a job does, as a heading: "container.stop" → "Stop container"."""
    words = {
        "container.start": _("Start container"),
        "container.stop": _("Stop container"),
        "container.restart": _("Restart container"),
        "container.pause": _("Pause container"),
        "container.unpause": _("Unpause container"),
        "container.kill": _("Kill container"),
        "container.rename": _("Rename container"),
        "container.remove": _("Remove container"),
        "container.run": _("Run container"),
        "container.commit": _("Make an image of a container"),
        "container.bulk": _("Change several containers"),
        "image.build": _("Build image"),
        "container.prune": _("Remove stopped containers"),
        "image.pull": _("Pull image"),
        "image.pull.bulk": _("Pull image to several hosts"),
        "image.push": _("Push image"),
        "image.load": _("Load images"),
        "image.import": _("Import root file system"),
        "image.remove": _("Remove image"),
        "image.tag": _("Tag image"),
        "image.untag": _("Remove a tag"),
        "image.prune": _("Remove unused images"),
        "image.newer": _("Look for newer images"),
        "image.bulk": _("Change several images"),
        "image.distribute": _("Send image"),
        "image.distribute.bulk": _("Send image to hosts"),
        "registry.index": _("Read a registry"),
        "registry.untag": _("Remove tags in a registry"),
        "registry.remove": _("Delete images in a registry"),
        "registry.make": _("Make a private registry"),
        "registry.copy": _("Copy between registries"),
        "registry.copy.bulk": _("Copy several images"),
    }
    return words.get(kind, kind)


def state_line(state: str, error: str = "") -> str:
    """What a job's log says when the job gets into `state`."""
    words = {
        "queued": pgettext("job log", "queued"),
        "running": pgettext("job log", "running"),
        "succeeded": pgettext("job log", "succeeded"),
        "failed": pgettext("job log", "failed"),
        "cancelled": pgettext("job log", "cancelled"),
        "interrupted": pgettext("job log", "interrupted"),
        "unknown": pgettext("job log", "unknown"),
    }
    word = words[str(state)]
    return f"{word}: {error}" if error else word


def layer_word(state: str) -> str:
    """How far a layer of a transfer is."""
    words = {
        "waiting": pgettext("layer", "Waiting"),
        "running": pgettext("layer", "On its way"),
        "extracting": pgettext("layer", "Extracting"),
        "done": pgettext("layer", "Done"),
        "present": pgettext("layer", "Already there"),
    }
    return words.get(state, state)


def digest_word(*, confirmed: bool | None) -> str:
    """What a registry says when it is asked for what was pushed; None: it could not be asked."""
    if confirmed is None:
        return _("not compared with the registry")
    return _("the registry has the same") if confirmed else _("the registry has another one")
