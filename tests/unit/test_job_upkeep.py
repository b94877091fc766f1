"""How long jobs and their lines are kept."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils.timezone import now

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app import upkeep
from jobs_app.lifecycle import say
from jobs_app.models import Job
from tests import make

OLD = now() - timedelta(days=91)


@pytest.fixture
def kept(operator: User, host: Host) -> dict[str, Job]:
    """One of each age and state, by what they are."""
    return {
        "old": make.job(operator, host, state=Job.State.FAILED, created=OLD),
        "old and running": make.job(operator, host, state=Job.State.RUNNING, created=OLD),
        "old and queued": make.job(operator, host, state=Job.State.QUEUED, created=OLD),
        "new": make.job(operator, host, state=Job.State.SUCCEEDED),
        "newest": make.job(operator, host, state=Job.State.SUCCEEDED),
    }


def left(kept: dict[str, Job]) -> set[str]:
    there = set(Job.objects.values_list("pk", flat=True))
    return {name for name, job in kept.items() if job.pk in there}


def test_ended_jobs_are_forgotten_after_ninety_days(kept: dict[str, Job]) -> None:
    upkeep.forget_old()
    assert left(kept) == set(kept) - {"old"}


def test_so_many_ended_ones_are_kept_and_every_open_one(
    kept: dict[str, Job], settings: LazySettings
) -> None:
    settings.JOBS_KEPT = 1
    upkeep.forget_old()
    assert left(kept) == {"old and running", "old and queued", "newest"}


def test_items_go_with_their_bulk_job_and_never_alone(
    kept: dict[str, Job], operator: User, host: Host
) -> None:
    for parent in ("old", "new"):
        kept[f"item of {parent}"] = make.job(
            operator, host, state=Job.State.SUCCEEDED, created=OLD,
            parent=kept[parent],
        )  # fmt: skip
    upkeep.forget_old()
    assert left(kept) == set(kept) - {"old", "item of old"}


def test_of_progress_the_last_lines_are_kept(kept: dict[str, Job]) -> None:
    job = kept["old and running"]
    for n in range(5):
        say(job, f"line {n}", kept=3)
    assert list(job.lines.order_by("n").values_list("n", "text")) == [
        (3, "line 2"), (4, "line 3"), (5, "line 4"),
    ]  # fmt: skip
