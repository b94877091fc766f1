"""Remove, tag and untag as jobs: what a worker asks an engine to do with one image."""

from django.utils.translation import gettext as _

from accounts_app.models import Role
from engine.client import Engine
from engine.errors import NoSuchObject
from engine.reference import Reference, parse
from engine.types import ImageDetail
from images_app.models import Image
from images_app.selectors import locked_users, users_of
from jobs_app import settle
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed
from jobs_app.models import Job

NAMED = 20  # containers that an error names


@deed("image.remove", role=Role.OPERATOR, repeatable=True)
def remove_image(job: Job) -> None:
    """The image with its tag; `force` also where it has several, if no container uses it."""
    images = Image.objects.filter(host=job.host, docker_id=job.target)
    if names := locked_users(images):
        said = _("Used by containers that are locked against removal: %(names)s")
        raise Failed(said % {"names": ", ".join(names)})
    force, nameless = bool(job.params.get("force")), bool(job.params.get("nameless"))
    if force and (used := [user.name for users in users_of(images).values() for user in users]):
        raise Failed(_("In use by %(names)s") % {"names": ", ".join(used[:NAMED])})
    settle.act(
        job,
        lambda engine: _removed(engine, job.target, force=force, nameless=nameless),
        lambda engine: _id_of(engine, job.target) == "",
    )


@deed("image.tag", role=Role.OPERATOR, repeatable=True)
def tag_image(job: Job) -> None:
    reference = parse(str(job.params["reference"])).with_default_tag()
    name = Reference(reference.domain, reference.path).familiar
    settle.act(
        job,
        lambda engine: engine.tag_image(job.target, name, reference.tag),
        lambda engine: _id_of(engine, reference.familiar) == job.target,
    )


@deed("image.untag", role=Role.OPERATOR, repeatable=True)
def untag_image(job: Job) -> None:
    """Takes one name away; never the last one, which would take the image with it."""
    name = str(job.params["reference"])
    settle.act(
        job,
        lambda engine: _untagged(engine, name, job.target),
        lambda engine: _id_of(engine, name) != job.target,
    )


@deed("image.prune", role=Role.OPERATOR)
def prune_images(job: Job) -> None:
    run_children(job)


@deed("image.bulk", role=Role.OPERATOR, repeatable=True)
def change_several(job: Job) -> None:
    run_children(job)


def _removed(engine: Engine, docker_id: str, *, force: bool, nameless: bool) -> None:
    """Never by the engine's own force, which also takes the image of a stopped container."""
    if force:
        found = engine.image(docker_id)
        if nameless and found.tags:
            raise Failed(_("It has a tag by now: %(name)s") % {"name": found.tags[0]})
        for name in _further_names(found):
            engine.remove_image(name)
    engine.remove_image(docker_id)


def _further_names(found: ImageDetail) -> list[str]:
    """All but the one with which the image goes: an engine takes no ID that several names have."""
    kept = found.tags[0] if found.tags else (found.digests or ("",))[0]
    repository = _repository(kept)
    digests = [each for each in found.digests if _repository(each) != repository]
    return [*found.tags[1:], *digests]


def _repository(name: str) -> str:
    """Of a name with tag or digest: registry and path."""
    path = name.partition("@")[0]
    head, slash, last = path.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _untagged(engine: Engine, name: str, docker_id: str) -> None:
    found = engine.image(name)
    if found.id != docker_id:
        raise Failed(_("%(name)s is another image now.") % {"name": name})
    if len(found.tags) < 2:
        raise Failed(_("%(name)s is the only tag of its image.") % {"name": name})
    engine.remove_image(name)


def _id_of(engine: Engine, reference: str) -> str:
    """ "" where the engine has no such image."""
    try:
        return engine.image(reference).id
    except NoSuchObject:
        return ""
