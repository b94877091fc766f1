"""Container rows for open pages."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from accounts_app.models import Role, User
from containers_app.rows import rows_of
from containers_app.selectors import containers_for
from hosts_app.selectors import host_ids
from jobs_app.selectors import targets_of


def patches(user: User, pks: Collection[int]) -> list[dict[str, Any]]:
    """The messages for these rows as `user` may see them: new states, and what is gone."""
    found = list(containers_for(user).filter(pk__in=pks))
    messages: list[dict[str, Any]] = []
    if found:
        rows = rows_of(found, host_ids(user, Role.OPERATOR))
        messages.append({"t": "state", "d": [row.patch() for row in rows]})
    if gone := sorted(set(pks) - {row.pk for row in found}):
        messages.append({"t": "gone", "d": gone})
    return messages


def touched_by(user: User, job_pks: Collection[int]) -> set[int]:
    """The rows that these jobs are about: what they say while a job is open changes with it."""
    wanted = Q()
    for host_id, target in targets_of(job_pks):
        wanted |= Q(host=host_id, docker_id=target)
    return (
        set(containers_for(user).filter(wanted).values_list("pk", flat=True)) if wanted else set()
    )
