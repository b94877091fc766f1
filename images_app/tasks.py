"""What a worker does with images; Celery looks for deeds here."""

from images_app import transfer_tasks  # noqa: F401 - its deeds are registered
