"""The deeds of registries: each module registers its own."""

from registries_app import index_tasks  # noqa: F401 - its deed is registered there
