"""What a worker does with images; Celery looks for deeds here."""

from images_app import deed_tasks, newer_tasks  # noqa: F401 - their deeds are registered there
from images_app.building import tasks as building  # noqa: F401
from images_app.transferring import distribute_tasks, load_tasks  # noqa: F401
from images_app.transferring import tasks as transferring  # noqa: F401
