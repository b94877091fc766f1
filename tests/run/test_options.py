"""The environment of `make run`: what is meant, what is refused, what is kept secret."""

from pathlib import Path

import pytest

from launch import options
from launch.console import Refused


def test_without_anything_it_listens_on_loopback_and_keeps_its_own_keys_and_valkey() -> None:
    asked = options.read({})
    assert asked.address == "http://127.0.0.1:8000/"
    assert asked.data_dir == options.HERE / "var"
    assert asked.own_redis
    assert asked.own_keys == ("SECRET_KEY", "CREDENTIAL_KEYS")
    assert asked.demo is None


def test_what_the_operator_brings_is_not_made() -> None:
    asked = options.read({"REDIS_URL": "redis://cache", "SECRET_KEY_FILE": "/run/secrets/key"})
    assert not asked.own_redis
    assert asked.own_keys == ("CREDENTIAL_KEYS",)


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000/"),  # noqa: S104 - read, not bound
        ("::1", "http://[::1]:8000/"),
        ("dash.lan", "http://dash.lan:8000/"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(bind: str, address: str) -> None:
    assert options.read({"BIND": bind}).address == address


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(Refused, match="is no port number"):
        options.read({"PORT": port})


@pytest.mark.parametrize("demo", ["yes", "2"])
def test_demo_is_one_nought_or_unset(demo: str) -> None:
    with pytest.raises(Refused, match="DEMO="):
        options.read({"DEMO": demo})


def test_a_secret_may_come_from_a_file_and_is_not_in_the_repr(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sturdy-lantern\n")
    asked = options.read({"ADMIN_USERNAME": "ada", "ADMIN_PASSWORD_FILE": str(file)})
    assert asked.admin_password == "sturdy-lantern"
    assert "lantern" not in repr(asked)


def test_a_secret_file_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="ADMIN_PASSWORD_FILE: cannot read /nowhere"):
        options.read({"ADMIN_USERNAME": "ada", "ADMIN_PASSWORD_FILE": "/nowhere"})


@pytest.mark.parametrize("name", ["ADMIN_USERNAME", "ADMIN_PASSWORD"])
def test_half_an_administrator_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="go together"):
        options.read({name: "ada"})
