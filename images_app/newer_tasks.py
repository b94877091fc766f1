"""Looking for newer images as a job: one HEAD for each tag, whichever hosts have it."""

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import Role
from core.live import publish
from core.sealed import CannotUnseal
from engine.reference import Reference
from images_app import newer
from images_app.models import Image
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, report, say
from jobs_app.models import Job
from registries_app.content import reading
from registries_app.content.scan import Scan, at_once
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol.failures import NotSupported, RegistryFailed
from registries_app.selectors import registry_of_domain

TOGETHER = 64  # tags that are asked for between two looks whether it was cancelled
MOST_SAID = 50  # failures in the log

Answers = dict[str, str | RegistryFailed]


@deed("image.newer", role=Role.OPERATOR, repeatable=True, queue="transfers")
def look_for_newer(job: Job) -> None:
    """Of `params.references`, else of every tag on `params.hosts` (slugs)."""
    wanted = newer.tags_among(_references(job))
    asked = {name: wanted[name] for name in newer.unasked(wanted)}
    done, failed = 0, 0
    for answers in _answers(asked):
        newer.keep(answers)
        for name, error in sorted(answers.items()):
            if isinstance(error, RegistryFailed):
                failed += 1
                if failed <= MOST_SAID:
                    say(job, f"{name}: {error.message}")
                reason = error.message
        done += len(answers)
        text = ngettext("%(done)d of %(n)d tag", "%(done)d of %(n)d tags", len(asked))
        words = text % {"done": done, "n": len(asked)}
        report(job, progress=done / len(asked), text=words)
    job.result = {"tags": len(wanted), "asked": done, "failed": failed}
    _tell_pages(wanted)
    if failed and failed == done:
        raise Failed(reason)


def _references(job: Job) -> Iterable[str]:
    if named := job.params.get("references"):
        return [str(each) for each in named]
    rows = Image.objects.filter(host__slug__in=job.params.get("hosts") or ())
    return {tag for tags in rows.values_list("tags", flat=True) for tag in tags}


def _answers(asked: dict[str, Reference]) -> Iterator[Answers]:
    """Some at a time, so that what was learnt stands when the rest is given up."""
    by_domain: dict[str, dict[str, Reference]] = {}
    for name, reference in asked.items():
        by_domain.setdefault(reference.domain, {})[name] = reference
    for domain, tags in by_domain.items():
        registry = registry_of_domain(domain)
        if registry is None:
            error = NotSupported(
                _("%(domain)s is not among the registries here.") % {"domain": domain}
            )
            yield dict.fromkeys(tags, error)
        else:
            yield from _ask(registry, tags)


def _ask(registry: Registry, tags: dict[str, Reference]) -> Iterator[Answers]:
    names = list(tags)
    try:
        target = target_of(registry)
    except CannotUnseal as error:
        yield dict.fromkeys(names, NotSupported(str(error)))
        return
    with Scan(target, at_once=at_once(registry)) as scan:
        for at in range(0, len(names), TOGETHER):
            places = {
                (tags[name].path, tags[name].tag): name for name in names[at : at + TOGETHER]
            }
            heads = reading.heads(scan, places)
            yield {places[place]: answer for place, answer in heads.items()}


def _tell_pages(tags: Iterable[str]) -> None:
    """Lists that show these images or their containers are drawn again."""
    wanted = set(tags)
    rows = Image.objects.exclude(tags=[]).values_list("host", "tags")
    for host in {host for host, names in rows if wanted & set(names)}:
        publish(host, "host", [host])
