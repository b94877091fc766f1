"""Copying between registries as a job: done again after a kill, it sends only what is missing."""

from django.utils.translation import gettext as _

from accounts_app.models import Role
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, report, say
from jobs_app.models import Job
from registries_app.credentials import target_of
from registries_app.models import Registry, Repository, Tag
from registries_app.moving.copying import Place, Sent, carry, plan, survey
from registries_app.protocol.tags import is_tag
from registries_app.protocol.targets import origin_of
from registries_app.protocol.uploading import Writer


@deed("registry.copy", role=Role.OPERATOR, repeatable=True, queue="transfers")
def copy_image(job: Job) -> None:
    """The image whole, its digest verified at the end."""
    source, origin = place_of(job.params["origin"])
    target, place = place_of(job.params["place"])
    with Writer(target_of(source)) as giver, Writer(target_of(target)) as taker:
        found = survey(giver, origin)
        wanted = plan(taker, place, found, mounts=same_server(source, target), here=_is_here(job))
        found_words = _("%(digest)s: %(manifests)d manifests, %(layers)d layers")
        say(
            job,
            found_words
            % {
                "digest": found.digest,
                "manifests": len(found.manifests),
                "layers": len(found.blobs),
            },
        )
        say(job, _("missing there: %(n)d layers") % {"n": len(wanted.missing)})
        if wanted.replaces and not job.params["overwrite"]:
            raise Failed(
                _("The tag %(tag)s is there already and stands for another image (%(digest)s).")
                % {"tag": place.reference, "digest": wanted.replaces[:19]}
            )
        sent = carry(giver, taker, origin, place, found, wanted, lambda far: _tell(job, far))
    _note(target, place, found.digest)
    job.result = {
        "digest": found.digest,
        "manifests": len(found.manifests),
        "referrers": len(found.referrers),
        "copied": sent.copied,
        "mounted": sent.mounted,
        "present": len(found.blobs) - len(wanted.missing),
        "bytes": sent.all_bytes,
        "replaced": wanted.replaces or None,
    }


@deed("registry.copy.bulk", role=Role.OPERATOR, repeatable=True, queue="transfers")
def copy_several(job: Job) -> None:
    run_children(job)


def place_of(said: dict[str, str]) -> tuple[Registry, Place]:
    """Raises Failed where the registry is no longer there."""
    found = Registry.objects.filter(slug=said["registry"]).first()
    if found is None:
        raise Failed(_("The registry is no longer known here."))
    return found, Place(said["repository"], said["reference"])


def same_server(one: Registry, other: Registry) -> bool:
    """Whether blobs of one can be mounted in the other."""
    return one.url == other.url or (
        origin_of(one.url) == origin_of(other.url) and one.path == other.path
    )


def is_here(source: Registry, origin: Place, target: Registry, place: Place) -> bool:
    """A new tag in the repository where the image is."""
    return same_server(source, target) and origin.repository == place.repository


def _is_here(job: Job) -> bool:
    source, origin = place_of(job.params["origin"])
    target, place = place_of(job.params["place"])
    return is_here(source, origin, target, place)


def _tell(job: Job, far: Sent) -> None:
    share = far.sent_bytes / far.all_bytes if far.all_bytes else None
    text = f"{far.sent_bytes / 2**20:.1f} / {far.all_bytes / 2**20:.1f} MiB"
    report(job, progress=min(1.0, share) if share is not None else None, text=text)


def _note(registry: Registry, place: Place, digest: str) -> None:
    """The repository has this tag now, whatever we knew of it."""
    if not is_tag(place.reference):
        return
    row, _new = Repository.objects.get_or_create(registry=registry, name=place.repository)
    Tag.objects.update_or_create(
        repository=row, name=place.reference, defaults={"digest": "", "seen_at": None}
    )
    Repository.objects.filter(pk=row.pk).update(listed=True, tag_count=row.tags.count())
