"""The pages that push, send and save images: what each asks for, and what it refuses."""

import pytest
from django.test import Client

from accounts_app.models import Role, User
from core.errors import Invalid
from hosts_app.models import Grant, Host
from images_app.models import Image
from images_app.transferring.transfers import name_at
from jobs_app.models import Job
from registries_app.models import Registry
from tests import make
from tests.fakes.engine import FakeEngine

SEND = {"host": "lab", "reference": "lab/web:1", "key": "k1"}


@pytest.fixture
def image(host: Host) -> Image:
    return make.image(host, "lab/web:1")


@pytest.fixture
def near(db: None) -> Registry:
    return Registry.objects.create(
        slug="near", name="near", url="http://r.example:5000", domain="r.example:5000"
    )


@pytest.fixture
def second(operator: User) -> Host:
    second = make.host("second")
    Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
    return second


@pytest.mark.parametrize("page", ["pull", "push", "distribute", "save"])
def test_each_page_begins_with_the_host_and_image_of_its_address(
    client: Client, operator: User, image: Image, second: Host, page: str
) -> None:
    make.image(second, "lab/web:2")
    make.session(client, operator)
    text = client.get(f"/images/{page}/?host=second&reference=lab/web:2").content.decode()
    assert 'value="second" selected' in text
    assert 'value="lab/web:2"' in text


@pytest.mark.parametrize("page", ["push", "distribute", "save"])
def test_a_viewer_may_move_nothing(client: Client, viewer: User, page: str) -> None:
    make.session(client, viewer)
    assert client.get(f"/images/{page}/").status_code == 403
    assert client.post(f"/images/{page}/", {"host": "lab"}).status_code == 403


def test_the_names_of_a_host_are_offered(client: Client, viewer: User, image: Image) -> None:
    make.session(client, viewer)
    assert b'value="lab/web:1"' in client.get("/images/names/?host=lab").content
    assert b"option" not in client.get("/images/names/?host=nosuch").content


def test_a_push_to_a_registry_gives_the_image_its_name_first(
    client: Client, operator: User, image: Image, near: Registry
) -> None:
    form = {"host": "lab", "source": "lab/web:1", "registry": "r.example:5000", "key": "k1"}
    answer = make.session(client, operator).post("/images/push/", form)
    job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.target) == ("image.push", "r.example:5000/lab/web:1")
    assert job.params == {"reference": "r.example:5000/lab/web:1", "source": image.docker_id}


def test_a_push_under_its_own_name_needs_no_other(
    client: Client, operator: User, image: Image
) -> None:
    form = {"host": "lab", "source": "lab/web:1", "registry": "", "reference": "", "key": "k1"}
    make.session(client, operator).post("/images/push/", form)
    assert Job.objects.get().params == {"reference": "lab/web:1"}


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nginx", "r.example/nginx:latest"),
        ("team/app:1", "r.example/team/app:1"),
        ("r.example/team/app:1", "r.example/team/app:1"),
    ],
)
def test_a_name_at_a_registry(reference: str, name: str) -> None:
    assert name_at("r.example", reference) == name


def test_a_name_at_docker_hub_is_short() -> None:
    assert name_at("docker.io", "nginx:1") == "nginx:1"


def test_a_name_that_says_another_registry_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        name_at("r.example", "other.example/app")
    assert refused.value.errors[0].field == "reference"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reference": "a b"},
        {"reference": "sha256:" + "1" * 64},
        {"registry": "unknown.example"},
        {"source": ""},
    ],
)
def test_a_wrong_push_is_told_at_its_field(
    client: Client, operator: User, image: Image, wrong: dict[str, str]
) -> None:
    form = {"host": "lab", "source": "lab/web:1", "key": "k1"} | wrong
    answer = make.session(client, operator).post("/images/push/", form)
    assert answer.status_code == 422
    assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()
    assert not Job.objects.exists()


def test_an_image_is_sent_to_others(
    client: Client, operator: User, image: Image, second: Host
) -> None:
    make.session(client, operator).post("/images/distribute/", SEND | {"targets": ["second"]})
    parent = Job.objects.get(parent=None)
    assert parent.kind == "image.distribute.bulk"
    said = {"reference": "lab/web:1", "source": "lab", "from_host": image.host_id}
    assert parent.children.get().params == said


def test_several_images_go_by_way_of_a_registry(
    client: Client, operator: User, image: Image, second: Host, near: Registry
) -> None:
    make.image(image.host, "lab/web:2")
    form = SEND | {"targets": ["second"], "reference": "lab/web:1 lab/web:2", "via": "near"}
    make.session(client, operator).post("/images/distribute/", form)
    parent = Job.objects.get(parent=None)
    asked = [(child.kind, child.host_name, child.target) for child in parent.children.all()]
    assert sorted(asked) == [
        ("image.distribute", "second", "lab/web:1"),
        ("image.distribute", "second", "lab/web:2"),
        ("image.push", "lab", "r.example:5000/lab/web:1"),
        ("image.push", "lab", "r.example:5000/lab/web:2"),
    ]


@pytest.mark.parametrize("targets", [[], ["lab"], ["second", "lab"]])
def test_a_host_is_no_target_of_its_own_image(
    client: Client, operator: User, image: Image, second: Host, targets: list[str]
) -> None:
    form = SEND | {"targets": targets}
    answer = make.session(client, operator).post("/images/distribute/", form)
    assert answer.status_code == 422
    assert 'id="id_targets_error"' in answer.content.decode()
    assert not Job.objects.exists()


def test_the_host_that_has_it_is_not_offered_as_a_target(
    client: Client, operator: User, image: Image
) -> None:
    make.session(client, operator)
    alone = client.get("/images/distribute/?host=lab").content.decode()
    assert 'name="targets"' not in alone
    assert "no other host" in alone
    Grant.objects.create(user=operator, host=make.host("second"), role=Role.OPERATOR)
    text = client.get("/images/distribute/?host=lab").content.decode()
    targets = text.partition('name="targets"')[2]
    assert 'value="second"' in targets
    assert 'value="lab"' not in targets


def test_the_page_saves_what_is_chosen_as_one_tar(
    client: Client, operator: User, host: Host
) -> None:
    with FakeEngine() as engine:
        Host.objects.update(url=engine.url)
        for name in ("lab/web:1", "lab/web:2"):
            engine.add_image(name)
            make.image(host, name)
        make.session(client, operator)
        assert client.post("/images/save/", {"host": "lab"}).status_code == 422
        chosen = {"host": "lab", "reference": ["lab/web:1", "lab/web:2"]}
        answer = client.post("/images/save/", chosen)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="images.tar"'
        assert answer.streaming
        answer.close()


def test_a_pushed_digest_is_shown_with_what_the_registry_says(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    digest = "sha256:" + "d" * 64
    result = {"digest": digest, "confirmed": True}
    job = make.job(operator, host, "image.push", state="succeeded", result=result)
    text = make.session(client, viewer).get(f"/jobs/{job.pk}/").content.decode()
    assert digest in text
    assert "the registry has the same" in text


@pytest.mark.parametrize("deed", ["load", "import"])
def test_archives_have_pages_that_name_the_host_and_the_limit(
    client: Client, operator: User, second: Host, deed: str
) -> None:
    make.session(client, operator)
    text = client.get(f"/images/{deed}/?host=second").content.decode()
    assert f'data-deed="{deed}"' in text
    assert 'value="second" selected' in text
    assert "20.0\xa0GB" in text


@pytest.mark.parametrize("deed", ["load", "import"])
def test_a_viewer_may_send_no_archive(client: Client, viewer: User, deed: str) -> None:
    assert make.session(client, viewer).get(f"/images/{deed}/").status_code == 403
