"""Looking for newer images: one HEAD for each tag, whichever hosts have it.

As a job where somebody asks; by itself now and then, of registries that count nothing.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from celery import current_app, shared_task
from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts_app.models import Role
from core.live import publish
from core.sealed import CannotUnseal
from engine.reference import Reference
from images_app import newer
from images_app.models import Image, Newest
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, report, say
from jobs_app.models import Job
from registries_app.budget import paused_s
from registries_app.content import reading
from registries_app.content.refreshing import spared
from registries_app.content.scan import Scan, at_once
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol.failures import NotSupported, RegistryFailed
from registries_app.selectors import registry_of_domain

TOGETHER = 64  # tags that are asked for between two looks whether it was cancelled
DUE = "image.newer.due"
DUE_S = 600.0  # how often it is asked whether a tag is due
MOST_DUE = 500  # tags that are asked for at once by themselves
MOST_SAID = 50  # failures in the log

log = logging.getLogger(__name__)

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


def look_when_due() -> None:
    """Have the tags asked for that wait for longest; the watcher calls this now and then."""
    if not due():
        return
    try:
        current_app.send_task(DUE, queue="transfers", retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("newer images wait for the queue to come back: %r", error)


@shared_task(name=DUE)
def look_at_due() -> None:
    """Nobody asked for this, so a failure is only kept, with the tag."""
    asked = due()
    for answers in _answers(asked):
        newer.keep(answers)
    if asked:
        _tell_pages(asked)


def due() -> dict[str, Reference]:
    """Tags last asked for longer ago than the setting says, of registries that may be asked.

    What counts its questions (Docker Hub, its mirrors, who told of a limit) is asked by hand only.
    """
    every = timedelta(hours=settings.NEWER_IMAGES_HOURS)
    if not every:
        return {}
    lately = Newest.objects.filter(tried__gt=now() - every).values_list("reference", flat=True)
    rows = Image.objects.exclude(tags=[]).exclude(digests=[]).values_list("tags", flat=True)
    wanted = newer.tags_among({tag for tags in rows for tag in tags})
    waiting = sorted(wanted.keys() - set(lately))
    free = {domain: _is_free(domain) for domain in {wanted[name].domain for name in waiting}}
    found = (name for name in waiting if free[wanted[name].domain])
    return {name: wanted[name] for name in islice(found, MOST_DUE)}


def _is_free(domain: str) -> bool:
    registry = registry_of_domain(domain)
    return registry is not None and not spared(registry) and not paused_s(registry)
