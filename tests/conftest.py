"""People, hosts and containers for every test."""

import pytest

from accounts_app.models import Role, User
from containers_app.models import Container
from hosts_app.models import Host
from tests import make

pytest_plugins = ["tests.lab.fixtures"]


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
