"""The deeds of registries: each module registers its own."""

from registries_app import (  # noqa: F401 - their deeds are registered there
    copy_tasks,
    index_tasks,
    make_tasks,
    move_tasks,
)
