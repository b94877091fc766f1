"""Deletions in registries as jobs: told step by step, and believed only when read again."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts_app.models import Role
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, report, say
from jobs_app.models import Job
from registries_app.models import Registry, Repository, Tag
from registries_app.moving import deletion
from registries_app.moving.deletion import LOOK_S, Gone, digests_of
from registries_app.moving.own_api import writer_of
from registries_app.protocol.answers import digest_of
from registries_app.protocol.failures import Missing, RegistryFailed
from registries_app.protocol.targets import HUB_DOMAIN
from registries_app.protocol.uploading import Writer


@deed("registry.untag", role=Role.OPERATOR, repeatable=True)
def remove_tags(job: Job) -> None:
    """These tags only: whatever else stands for the same images must stay."""
    registry, repository = registry_of(job, "registry"), str(job.params["repository"])
    tags, seen = [str(tag) for tag in job.params["tags"]], dict(job.params.get("seen") or {})
    mark = str(job.key)
    with writer_of(registry) as client:
        before = _all_tags(client, repository)
        way = deletion.way_of(client, repository)
        failed = {}
        for n, tag in enumerate(tags):
            report(job, progress=n / len(tags), text=tag)
            try:
                _refuse_moved(tag, before.get(tag, ""), seen.get(tag, ""), mark)
                deletion.remove_tag(client, repository, tag, way, mark=mark)
            except (RegistryFailed, Failed) as error:
                failed[tag] = str(error)
                say(job, f"{tag}: {error}")
        done = [tag for tag in tags if tag not in failed]
        kept = dict(deletion.siblings(before, tags))
        gone = deletion.reread(client, repository, gone=done, kept=kept)
    _conclude(job, registry, repository, gone, asked=tags, failed=failed)


@deed("registry.remove", role=Role.OPERATOR, repeatable=True)
def remove_images(job: Job) -> None:
    """Images by digest, with all their tags."""
    registry, repository = registry_of(job, "registry"), str(job.params["repository"])
    digests = [str(digest) for digest in job.params["digests"]]
    failed: dict[str, str] = {}
    with writer_of(registry) as client:
        before = _all_tags(client, repository)
        for n, digest in enumerate(digests):
            report(job, progress=n / len(digests), text=digest[:19])
            try:
                subject = ""
                if registry.domain != HUB_DOMAIN:  # where reading a manifest is a pull
                    subject = deletion.subject_of(client, repository, digest)
                client.delete(repository, digest)
                if subject:
                    mark = str(job.key)
                    deletion.forget_referrer(client, repository, subject, digest, mark=mark)
            except Missing as error:
                if job.attempt == 1 and not job.retry_of_id:  # else it went in an earlier try
                    failed[digest] = str(error)
            except RegistryFailed as error:
                failed[digest] = str(error)
                say(job, f"{digest}: {error}")
        left = digests_of(client, repository, digests, seconds=LOOK_S)
        for digest in digests:
            if digest not in failed and left.get(digest):
                failed[digest] = _("The registry said yes, but still has it.")
        dead = [tag for tag, digest in before.items() if digest in digests]
        gone = deletion.reread(client, repository, gone=dead, kept={})
    _conclude(job, registry, repository, gone, asked=digests, failed=failed)


def registry_of(job: Job, name: str) -> Registry:
    """The registry that a job's params name. Raises Failed where it is no longer there."""
    found = Registry.objects.filter(slug=job.params[name]).first()
    if found is None:
        raise Failed(_("The registry is no longer known here."))
    return found


def forget_tags(registry: Registry, repository: str, tags: Iterable[str]) -> None:
    """What we keep of these tags is no longer so."""
    row = Repository.objects.filter(registry=registry, name=repository).first()
    if row is None:
        return
    Tag.objects.filter(repository=row, name__in=list(tags)).delete()
    if row.tag_count is not None:
        Repository.objects.filter(pk=row.pk).update(tag_count=row.tags.count())


def _all_tags(client: Writer, repository: str) -> dict[str, str]:
    names = client.tags(repository).names
    return digests_of(client, repository, names, seconds=LOOK_S)


def _refuse_moved(tag: str, digest: str, seen: str, mark: str) -> None:
    """Somebody has put the tag on another image since it was looked at. Raises Failed."""
    ours = digest_of(deletion.nothing_called(tag, mark)[1])  # of an attempt that was cut short
    if seen and digest not in {"", seen, ours}:
        raise Failed(_("The tag %(tag)s stands for another image by now.") % {"tag": tag})


def _conclude(
    job: Job,
    registry: Registry,
    repository: str,
    gone: Gone,
    *,
    asked: list[str],
    failed: dict[str, str],
) -> None:
    """Write what really happened; fail unless it is what was asked for."""
    forget_tags(registry, repository, gone.tags)
    job.result = {
        "tags": list(gone.tags),
        "still_listed": list(gone.still_listed),
        "lost": list(gone.lost),
        "failed": failed,
    }
    for tag in gone.tags:
        say(job, _("gone: %(tag)s") % {"tag": tag})
    for tag in gone.still_listed:
        listed = _("its image is gone, but the registry still lists the name: %(tag)s")
        say(job, listed % {"tag": tag})
    say(job, _("space is freed when the registry's garbage collection runs next"))
    if gone.lost:
        names = ", ".join(gone.lost)
        raise Failed(_("Other tags went along: %(names)s.") % {"names": names})
    not_gone = [each for each in asked if ":" not in each and each not in gone.tags]
    for tag in not_gone:
        failed.setdefault(tag, _("The registry said yes, but still has it."))
    if failed:
        first, why = next(iter(failed.items()))
        raise Failed(
            _("%(n)d of %(total)d were not deleted; %(first)s: %(why)s")
            % {"n": len(failed), "total": len(asked), "first": first[:19], "why": why}
        )
