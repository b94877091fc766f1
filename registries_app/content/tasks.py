"""The index of a registry, as a Job: everything in it is looked at, and written down."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import Role
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, report
from jobs_app.models import Job
from registries_app.content import index, looking
from registries_app.models import Registry, Tag


@deed("registry.index", role=Role.OPERATOR, repeatable=True, queue="transfers")
def look_at_all(job: Job) -> None:
    """Repositories, tags, and the image behind each; of long repositories only the names."""
    registry = Registry.objects.filter(slug=job.target).first()
    if registry is None:
        raise Failed(_("There is no such registry."))
    index.claim(registry)  # nobody looks at it by itself meanwhile

    def said(done: int, total: int) -> None:
        index.still(registry)
        text = ngettext("%(done)d of %(n)d tag", "%(done)d of %(n)d tags", total)
        words = text % {"done": done, "n": total}
        report(job, progress=done / total if total else None, text=words)

    whole = False
    try:
        looking.everything(registry, said)
        whole = True
    except index.NoLonger as error:
        raise Failed(_("There is no such registry.")) from error
    finally:
        index.done(registry, whole=whole)
    job.result = {
        "repositories": registry.repositories.filter(listed=True).count(),
        "tags": Tag.objects.filter(repository__registry=registry, kind=Tag.Kind.TAG).count(),
    }
