"""What is asked of the database can be asked of a value that came from it."""

import itertools

import pytest
from django.db.models import Q

from containers_app.listing import BAD, DOCKER_STATES, STATES, UP
from containers_app.models import Container
from core.listing import holds
from tests import make

pytestmark = pytest.mark.django_db

DOCKER = ("created", "running", "paused", "restarting", "removing", "exited", "dead", "")
HEALTH = ("", "healthy", "unhealthy", "starting")


def test_every_state_of_the_list_holds_for_just_the_rows_that_the_database_finds() -> None:
    host = make.host()
    for state, health, code in itertools.product(DOCKER, HEALTH, (None, 0, 137)):
        make.container(host, state=state, health=health, exit_code=code)
    rows = list(Container.objects.values("pk", "state", "health", "exit_code"))
    for name, match in (STATES | DOCKER_STATES | {"up": UP, "bad": BAD}).items():
        found = set(Container.objects.filter(match).values_list("pk", flat=True))
        assert {row["pk"] for row in rows if holds(match, row)} == found, name


def test_a_look_up_that_it_does_not_know_is_an_error_and_no_wrong_answer() -> None:
    with pytest.raises(KeyError):
        holds(Q(name__icontains="a"), {"name": "abc"})
