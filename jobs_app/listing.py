"""Which jobs the jobs page shows."""

import re
from typing import Any

from django.db.models import Count, Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts_app.models import User
from core.errors import Invalid
from jobs_app.models import Job, JobQuerySet
from jobs_app.selectors import jobs_for

NUMBER = re.compile(r"[0-9]{1,18}")  # more does not fit a database's integer of 64 bits
STATES = {
    "open": Q(state__in=Job.OPEN),
    **{state.value: Q(state=state) for state in Job.State},
}


def wanted(user: User, params: QueryDict) -> JobQuerySet:
    """Jobs, newest first, without the items of bulk jobs unless one is named. Raises Invalid."""
    jobs = jobs_for(user)
    state = params.get("state", "")
    if state and state not in STATES:
        raise Invalid.field("state", _("One of %(names)s.") % {"names": ", ".join(STATES)})
    if state:
        jobs = jobs.filter(STATES[state])
    if host := params.get("host"):
        jobs = jobs.filter(host_name=host)
    if kind := params.get("kind"):
        jobs = jobs.filter(kind=kind)
    if target := params.get("target"):
        jobs = jobs.filter(target=target)
    parent = params.get("parent", "")
    if parent and not NUMBER.fullmatch(parent):
        raise Invalid.field("parent", _("The number of a job."))
    jobs = jobs.filter(parent=int(parent)) if parent else jobs.filter(parent=None)
    for word in params.get("q", "").split():
        jobs = jobs.filter(
            Q(target_name__icontains=word)
            | Q(host_name__icontains=word)
            | Q(actor_name__icontains=word)
            | Q(kind__icontains=word)
        )
    return jobs.order_by("-pk")


def states_with_counts(user: User, pressed: str) -> list[dict[str, Any]]:
    counts = (
        jobs_for(user)
        .filter(parent=None)
        .aggregate(
            all=Count("pk"),
            open=Count("pk", filter=STATES["open"]),
            failed=Count("pk", filter=STATES["failed"]),
        )
    )
    labels = {"": _("All"), "open": _("Open"), "failed": pgettext("job state", "Failed")}
    return [
        {"key": key, "label": label, "n": counts[key or "all"], "pressed": key == pressed}
        for key, label in labels.items()
    ]
