"""Image rows for open pages."""

from collections.abc import Collection
from typing import Any

from accounts_app.models import Role, User
from hosts_app.selectors import host_ids
from images_app.rows import rows_of
from images_app.selectors import images_for, images_of
from jobs_app.selectors import targets_of


def patches(user: User, pks: Collection[int]) -> list[dict[str, Any]]:
    """The messages for these rows as `user` may see them: new states, and what is gone."""
    found = list(images_for(user).filter(pk__in=pks).defer("labels"))
    messages: list[dict[str, Any]] = []
    if found:
        rows = rows_of(found, host_ids(user, Role.OPERATOR))
        messages.append({"t": "image", "d": [row.patch() for row in rows]})
    if gone := sorted(set(pks) - {row.pk for row in found}):
        messages.append({"t": "image_gone", "d": gone})
    return messages


def touched_by(user: User, job_pks: Collection[int]) -> set[int]:
    """The rows that these jobs are about: what they say while a job is open changes with it."""
    about = {pair for pair in targets_of(job_pks) if pair[1].startswith("sha256:")}
    return images_of(user, about) if about else set()
