"""What a worker does with registries; Celery looks for deeds here."""

from registries_app.content import refreshing  # noqa: F401 - their deeds are registered there
from registries_app.content import tasks as content  # noqa: F401
from registries_app.making import tasks as making  # noqa: F401
from registries_app.moving import copy_tasks, delete_tasks  # noqa: F401
