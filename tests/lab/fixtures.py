"""Fixtures over the lab; tests/conftest.py loads them with pytest_plugins."""

from collections.abc import Iterator

import pytest

from tests.lab.certificates import make_certificates
from tests.lab.dockerd import Dockerd, dockerd
from tests.lab.registry import Registry, registry

MEMBER = ("mia", "canary-of-mia-77")  # name and password


@pytest.fixture(scope="session")
def docker() -> Iterator[Dockerd]:
    """A private engine for the whole run. Tests name their own containers and remove them."""
    with dockerd() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def second_docker() -> Iterator[Dockerd]:
    """Another private engine, which also listens on TCP with mutual TLS (`.tls_connection`)."""
    with dockerd(make_certificates()) as daemon:
        yield daemon


@pytest.fixture
def mortal_docker(second_docker: Dockerd) -> Iterator[Dockerd]:
    """The second engine, to be killed, frozen or filled: it is restored after the test."""
    yield second_docker
    second_docker.restore()


@pytest.fixture(scope="session")
def lab_registry() -> Iterator[Registry]:
    with registry() as private:
        yield private


@pytest.fixture(scope="session")
def guarded_registry() -> Iterator[Registry]:
    """A registry that lets in only MEMBER, by name and password."""
    with registry(dict([MEMBER])) as private:
        yield private
