"""People, hosts and containers for every test."""

from collections.abc import Iterable
from importlib import import_module

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from accounts_app.models import Role, User
from containers_app.models import Container
from hosts_app.models import Host
from tests import make

# A busy machine draws examples slowly; that is no fault of what they try
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# The files that take longest are begun first, so that no worker is left alone with one at the end
LONGEST = (
    "tests/engine/test_hub_real.py",
    "tests/engine/test_watcher_faults.py",
    "tests/engine/test_watcher_real.py",
    "tests/unit/test_gate.py",
    "tests/unit/test_api_strict.py",
    "tests/engine/test_dockerfile.py",
    "tests/engine/test_logs.py",
    "tests/run/test_postgres.py",
    "tests/run/test_install.py",
    "tests/run/test_demo.py",
    "tests/browser/test_pages.py",
)

pytest_plugins = ["tests.lab.fixtures", "tests.lab.chromium"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no names: packed ones hold the time, and each worker would collect other tests."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first; the others stay as shuffled."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in LONGEST)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Tests with real transactions empty all tables at their end: lift the audit trail's guard.

    Only for that moment; in every test the triggers are as in production.
    """
    append_only = import_module("accounts_app.migrations.0002_audit_append_only")
    flush = connection.ops.execute_sql_flush

    def flush_unguarded(statements: Iterable[str]) -> None:
        with connection.schema_editor() as editor:
            append_only.unguard(None, editor)
        flush(statements)
        with connection.schema_editor() as editor:
            append_only.guard(None, editor)

    connection.ops.execute_sql_flush = flush_unguarded  # type: ignore[assignment, method-assign]


@pytest.fixture
def host(db: None) -> Host:
    return make.host()


@pytest.fixture
def container(host: Host) -> Container:
    return make.container(host)


@pytest.fixture
def viewer(host: Host) -> User:
    return make.user("viewer", on=host, role=Role.VIEWER)


@pytest.fixture
def operator(host: Host) -> User:
    return make.user("operator", on=host, role=Role.OPERATOR)


@pytest.fixture
def host_admin(host: Host) -> User:
    """Administrator of one host, not of people."""
    return make.user("hostadmin", on=host, role=Role.ADMINISTRATOR)


@pytest.fixture
def admin(host: Host) -> User:
    """Administrator of all hosts, and so of people."""
    return make.user("admin", role=Role.ADMINISTRATOR, everywhere=True)


@pytest.fixture
def stranger(db: None) -> User:
    return make.user("stranger")
