"""What open pages are told when jobs end."""

from collections.abc import Collection
from typing import Any

from accounts_app.models import User
from jobs_app.selectors import just_ended
from jobs_app.words import kind_word


def endings(user: User, pks: Collection[int]) -> list[dict[str, Any]]:
    """One message for each job of `user`'s own that has just ended: the page shows a toast."""
    return [
        {
            "t": "job",
            "d": {
                "id": job.pk,
                "kind": job.kind,
                "title": kind_word(job.kind),
                "state": job.state,
                "target": job.target_name,
                "error": job.error,
                "url": f"/jobs/{job.pk}/",
                "mine": True,
                "long": job.is_long,
            },
        }
        for job in just_ended(user, pks)
    ]
