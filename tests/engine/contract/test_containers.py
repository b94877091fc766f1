"""What may be done to containers, and how the engine says no."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from engine.client import Engine
from engine.errors import Conflict, NoSuchObject
from engine.types import ContainerSpec, Mount
from tests.engine.contract.conftest import World, spec
from tests.lab.dockerd import IMAGE, until

NOBODY = "0" * 64

CALLS: dict[str, Callable[[Engine, str], object]] = {
    "container": Engine.container,
    "start": Engine.start,
    "stop": Engine.stop,
    "restart": Engine.restart,
    "pause": Engine.pause,
    "unpause": Engine.unpause,
    "kill": Engine.kill,
    "rename": lambda engine, container_id: engine.rename(container_id, "other"),
    "remove": Engine.remove,
}


def test_a_created_container_is_listed_and_not_started(world: World) -> None:
    container_id = world.engine.create(
        spec(
            "web", command=("sleep", "1"), labels={"com.docker.compose.project": "shop", "x": "y"}
        )
    )
    (listed,) = world.engine.containers()
    assert listed.id == container_id
    assert (listed.name, listed.image, listed.state) == ("web", IMAGE, "created")
    assert (listed.status, listed.exit_code, listed.started) == ("Created", None, None)
    assert (listed.project, listed.service, listed.labels["x"]) == ("shop", "", "y")
    assert listed.networks == ("none",)
    assert abs(listed.created - datetime.now(UTC)) < timedelta(seconds=20)


def test_what_was_asked_for_is_what_is_made(world: World) -> None:
    wanted = spec(
        "web",
        command=("sleep", "1"),
        environment={"A": "b=c", "EMPTY": ""},
        mounts=(Mount("tmpfs", "", "/scratch"), Mount("bind", "/tmp", "/host", read_only=True)),
        restart="on-failure:5",
    )
    made = world.engine.container(world.engine.create(wanted))
    assert made.name == "web"
    assert made.command == ("sleep", "1")
    assert made.env["A"] == "b=c"
    assert made.env["EMPTY"] == ""
    assert made.restart_policy == "on-failure:5"
    assert {(m.type, m.target, m.read_only) for m in made.mounts} >= {("bind", "/host", True)}
    assert (made.state, made.exit_code, made.started, made.finished) == (
        "created",
        None,
        None,
        None,
    )
    assert made.network_mode == "none"
    assert made.image_id == world.engine.image(IMAGE).id


def test_a_name_is_given_when_none_is_asked_for(world: World) -> None:
    world.engine.create(spec(""))
    assert world.engine.containers()[0].name


def test_starting_stopping_and_starting_again(world: World) -> None:
    container_id = world.make("web")
    assert world.engine.containers()[0].status.startswith("Up ")
    world.engine.start(container_id)  # it runs already, which is no error
    world.engine.stop(container_id)
    world.engine.stop(container_id)
    (stopped,) = world.engine.containers()
    assert (stopped.state, stopped.exit_code) == ("exited", 143)
    assert stopped.finished
    world.engine.start(container_id)
    running = world.engine.container(container_id)
    assert (running.state, running.exit_code) == ("running", None)
    assert running.started
    assert running.finished
    assert running.started > running.finished


def test_a_container_that_ignores_sigterm_is_killed_after_the_grace_period(world: World) -> None:
    container_id = world.make("web", obeys=False)
    before = datetime.now(UTC)
    world.engine.stop(container_id, grace_s=1)
    assert datetime.now(UTC) - before >= timedelta(seconds=1)
    assert world.engine.container(container_id).exit_code == 137


def test_a_restart_leaves_it_running_anew(world: World) -> None:
    container_id = world.make("web")
    before = world.engine.container(container_id)
    world.engine.restart(container_id)
    after = world.engine.container(container_id)
    assert after.state == "running"
    assert after.started
    assert before.started
    assert after.started > before.started


def test_pausing_and_unpausing(world: World) -> None:
    container_id = world.make("web")
    world.engine.pause(container_id)
    (paused,) = world.engine.containers()
    assert paused.state == "paused"
    assert paused.status.endswith("(Paused)")
    assert paused.started
    with pytest.raises(Conflict, match="already paused"):
        world.engine.pause(container_id)
    world.engine.unpause(container_id)
    assert world.engine.containers()[0].state == "running"


def test_killing_with_a_signal(world: World) -> None:
    container_id = world.make("web")
    world.engine.kill(container_id, signal="KILL")
    until(lambda: world.engine.container(container_id).state == "exited", "it has ended")
    assert world.engine.container(container_id).exit_code == 137
    with pytest.raises(Conflict, match="is not running"):
        world.engine.kill(container_id)


def test_renaming(world: World) -> None:
    container_id = world.make("web")
    world.make("other")
    with pytest.raises(Conflict, match='name "/other" is already in use'):
        world.engine.rename(container_id, "other")
    world.engine.rename(container_id, "shop")
    assert world.engine.container("shop").id == container_id


def test_a_name_can_be_taken_once(world: World) -> None:
    world.engine.create(spec("web"))
    with pytest.raises(Conflict, match='name "/web" is already in use'):
        world.engine.create(spec("web"))


def test_creating_from_a_missing_image(world: World) -> None:
    with pytest.raises(NoSuchObject, match="No such image: nobody/nothing:latest"):
        world.engine.create(ContainerSpec(image="nobody/nothing"))


def test_a_running_container_is_removed_only_by_force(world: World) -> None:
    container_id = world.make("web")
    with pytest.raises(Conflict, match="cannot remove a running container"):
        world.engine.remove(container_id)
    world.engine.remove(container_id, force=True, volumes=True)
    assert world.engine.containers() == []


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_container_is_no_such_object(world: World, call: str) -> None:
    with pytest.raises(NoSuchObject, match=f"No such container: {NOBODY}"):
        CALLS[call](world.engine, NOBODY)


def test_listing_by_id_answers_those_that_exist(world: World) -> None:
    first, _second = world.make("first"), world.make("second")
    assert [each.id for each in world.engine.containers([first, NOBODY])] == [first]
    assert world.engine.containers([NOBODY]) == []
    assert world.engine.containers([]) == []


def test_finding_by_label_also_what_is_not_started(world: World) -> None:
    container_id = world.engine.create(spec("web", labels={"quarterdeck.job": "a=b c"}))
    assert world.engine.container_with_label("quarterdeck.job", "a=b c") == container_id
    assert world.engine.container_with_label("quarterdeck.job", "a=b") is None
