"""Names of images are read as Docker reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reference import BadReference, Reference, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app"),
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/nginx", "docker.io/library/nginx"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app:v2", "localhost:5000/app:v2"),
        ("registry.example/team/app:2", "registry.example/team/app:2"),
        ("[::1]:5000/app", "[::1]:5000/app"),
        ("Lab/app", "Lab/app"),  # capitals: so it must be a host
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1.27@{DIGEST}", f"docker.io/library/nginx:1.27@{DIGEST}"),
        ("a__b/c-d.e", "docker.io/a__b/c-d.e"),
    ],
)
def test_a_name_is_completed_as_docker_does(text: str, full: str) -> None:
    assert str(parse(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Nginx", "nginx:", "nginx@", "nginx@sha256:abc", "a" * 64, "-x", "x/", "/x",
        "a//b", "a..b", "a___b", "nginx:tag with space", "nginx:" + "t" * 129, "http://x/y",
        "x" * 260, "nginx\n", "ｎginx", "../etc", "nginx@" + "sha256:" + "a" * 65,
    ],
)  # fmt: skip
def test_what_docker_refuses_is_refused(text: str) -> None:
    with pytest.raises(BadReference):
        parse(text)


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/nginx:1", "nginx:1"),
        ("docker.io/team/app", "team/app"),
        ("registry.example/library/x", "registry.example/library/x"),
    ],
)
def test_the_familiar_form_leaves_defaults_out(text: str, familiar: str) -> None:
    assert parse(text).familiar == familiar


part = st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)?", fullmatch=True)
domains = st.sampled_from(["docker.io", "localhost:5000", "registry.example", "[::1]:443"])
references = st.builds(
    Reference,
    domain=domains,
    path=st.lists(part, min_size=2, max_size=4).map("/".join),
    tag=st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
    digest=st.sampled_from(["", DIGEST]),
)


@given(references)
def test_what_is_written_is_read_back(reference: Reference) -> None:
    assert parse(str(reference)) == reference
    assert parse(reference.familiar) == reference


@given(st.text(max_size=80))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    try:
        found = parse(text)
    except BadReference:
        return
    assert parse(str(found)) == found
