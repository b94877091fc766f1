"""What a worker does without a Job."""

from celery import shared_task

from jobs_app.upkeep import beat


@shared_task(name="jobs.canary")
def canary(queue: str) -> None:
    """Prove that workers of `queue` take work and can write (R43)."""
    beat(f"worker.{queue}")
