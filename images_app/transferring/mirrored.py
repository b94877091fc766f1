"""Pulls by way of a registry's mirrors: these first, then the registry itself.

An engine pulls a mirror's image under the mirror's name. What the image is was asked of the
registry before (by HEAD, which is no pull), so it is pulled by that digest: a mirror that is
behind, or lies, is passed over. In the end it has the name that was asked for.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from engine.reference import Reference
from hosts_app.connections import engine_for
from images_app.transferring.progress import Layers
from jobs_app.lifecycle import Failed, say
from jobs_app.models import Job
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import Missing, RegistryFailed
from registries_app.selectors import mirrors_of_domain

Pull = Callable[[Job, Reference], Layers]


def by_mirror(job: Job, reference: Reference, pull: Pull) -> tuple[Registry, Layers] | None:
    """Which mirror it came from; None where none has it, or there is none.

    An image asked for by its digest keeps that as its name, which only its own registry can give
    it. Raises engine.errors.Unreachable where the engine's connection broke.
    """
    mirrors = mirrors_of_domain(reference.domain)
    if not mirrors or reference.digest:
        return None
    upstream = mirrors[0].mirror_of
    assert upstream, "a mirror is one of a registry"
    wanted = _digest_at(job, upstream, reference.path, reference.tag) or ""
    for mirror in mirrors:
        at = _there(job, mirror, reference, wanted)
        if at is None:
            continue
        try:
            layers = pull(job, at)
        except Failed as error:
            _say_of(job, mirror, str(error))
            continue
        if wanted and layers.digest != wanted:
            why = _("brought %(digest)s, not %(wanted)s")
            _say_of(job, mirror, why % {"digest": layers.digest, "wanted": wanted})
            continue
        _name(job, at, reference)
        say(job, _("pulled from the mirror %(name)s") % {"name": mirror.name})
        return mirror, layers
    say(job, _("from no mirror: pulled from the registry itself"))
    return None


def _there(job: Job, mirror: Registry, reference: Reference, wanted: str) -> Reference | None:
    """What the engine is told to pull from this mirror; None where it is passed over."""
    if mirror.path:
        _say_of(job, mirror, _("passed over, engines cannot pull from below a path"))
        return None
    path = "/".join(filter(None, (mirror.mirror_prefix, reference.path)))
    digest = _digest_at(job, mirror, path, reference.tag)
    if digest is None or (digest and wanted and digest != wanted):
        why = _("passed over, it has %(digest)s, the registry %(wanted)s")
        if not digest:
            why = _("passed over, it does not have it")
        _say_of(job, mirror, why % {"digest": digest, "wanted": wanted})
        return None
    known = wanted or digest
    if not known and mirror.mirror_kind == Registry.MirrorKind.NS:
        _say_of(job, mirror, _("passed over, engines cannot tell it which registry"))
        return None
    return Reference(mirror.domain, path, "" if known else reference.tag, known)


def _say_of(job: Job, mirror: Registry, text: str) -> None:
    say(job, _("mirror %(name)s: %(text)s") % {"name": mirror.name, "text": text})


def _digest_at(job: Job, registry: Registry, path: str, tag: str) -> str | None:
    """What this name stands for there; None where it is not there, "" where we cannot ask."""
    try:
        with Client(target_of(registry)) as client:
            return client.head(path, tag)
    except Missing:
        return None
    except RegistryFailed as error:
        say(job, f"{registry.name}: {error.message}")
        return ""


def _name(job: Job, at: Reference, reference: Reference) -> None:
    """The name asked for, on what was pulled as `at`; a tag of the mirror's is taken away."""
    assert job.host, "a pull has a host"
    engine = engine_for(job.host)
    name = Reference(reference.domain, reference.path).familiar
    engine.tag_image(at.familiar, name, reference.tag)
    if at.tag:
        engine.remove_image(at.familiar)
