"""What may be done to images, and how the engine says no."""

import pytest

from engine.errors import Conflict, NoSuchObject
from tests.engine.contract.conftest import World, spec
from tests.lab.dockerd import IMAGE


@pytest.fixture(autouse=True)
def _as_it_was(world: World) -> object:
    """The image has its one name again, whatever a test called it."""
    yield
    for image in world.engine.images():
        if IMAGE not in image.tags:
            world.engine.tag_image(image.id, "lab/busybox", "latest")
        for tag in image.tags:
            if tag != IMAGE:
                world.engine.remove_image(tag)


def test_a_tag_is_one_more_name_of_the_image(world: World) -> None:
    world.engine.tag_image(IMAGE, "registry.example:5000/shop/web", "1.0")
    (image,) = world.engine.images()
    assert set(image.tags) == {IMAGE, "registry.example:5000/shop/web:1.0"}
    assert world.engine.image("registry.example:5000/shop/web:1.0").id == image.id


def test_untagging_takes_the_name_only_while_there_is_another(world: World) -> None:
    world.engine.tag_image(IMAGE, "shop/web", "1.0")
    assert world.engine.remove_image("shop/web:1.0") == ["shop/web:1.0"]
    assert world.engine.images()[0].tags == (IMAGE,)


def test_the_last_name_of_an_image_in_use_stays(world: World) -> None:
    world.engine.create(spec("web"))
    with pytest.raises(Conflict, match=r"unable to remove repository reference.*is using its"):
        world.engine.remove_image(IMAGE)
    with pytest.raises(Conflict, match="image is being used by stopped container"):
        world.engine.remove_image(world.engine.image(IMAGE).id)
    assert world.engine.images()[0].tags == (IMAGE,)


def test_not_even_force_takes_the_image_of_a_running_container(world: World) -> None:
    world.make("web")
    with pytest.raises(Conflict, match=r"cannot be forced.*is being used by running container"):
        world.engine.remove_image(world.engine.image(IMAGE).id, force=True)


def test_an_image_of_several_repositories_goes_by_force_only(world: World) -> None:
    world.engine.tag_image(IMAGE, "shop/web", "1.0")
    with pytest.raises(Conflict, match="image is referenced in multiple repositories"):
        world.engine.remove_image(world.engine.image(IMAGE).id)


def test_its_history_names_the_steps_newest_first(world: World) -> None:
    steps = world.engine.image_history(IMAGE)
    assert steps[0].id == world.engine.image(IMAGE).id
    assert steps[0].tags == (IMAGE,)
    assert steps[0].created
    assert sum(step.size_bytes for step in steps) == world.engine.images()[0].size_bytes


@pytest.mark.parametrize("reference", ["nobody/nothing", "../containers/x", ""])
def test_what_is_not_there_cannot_be_changed(world: World, reference: str) -> None:
    with pytest.raises(NoSuchObject, match="No such image"):
        world.engine.tag_image(reference, "shop/web", "1")
    with pytest.raises(NoSuchObject, match="No such image"):
        world.engine.remove_image(reference)
    with pytest.raises(NoSuchObject, match="No such image"):
        world.engine.image_history(reference)
