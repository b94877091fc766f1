"""What a worker does with images; Celery looks for deeds here."""

from images_app import deed_tasks, distribute_tasks, load_tasks, newer_tasks, transfer_tasks  # noqa: F401 - their deeds are registered
