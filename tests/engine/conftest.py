"""A host whose engine is as it was before each test."""

from collections.abc import Iterator

import pytest

from hosts_app.connections import engine_for
from hosts_app.models import Host
from tests.lab.dockerd import IMAGE, Dockerd


@pytest.fixture
def place(docker: Dockerd, host: Host) -> Iterator[Host]:
    """The real engine as a host; what a test makes of containers and names of images goes."""
    host.url = docker.url
    host.save()
    yield host
    docker.clear()
    engine = engine_for(host)
    for image in engine.images():
        for tag in image.tags:
            if tag != IMAGE:
                engine.remove_image(tag)
