"""What the environment asks of `make run`; the rest of it is read by dashboard.settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launch.console import Refused

HERE = Path(__file__).resolve().parent.parent
LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Options:
    """Read once, before anything is started."""

    port: int
    bind: str
    data_dir: Path
    own_redis: bool  # no REDIS_URL: we start a Valkey
    own_keys: tuple[str, ...]  # of SECRET_KEY and CREDENTIAL_KEYS, those that we make and keep
    docker_host: str
    demo: bool | None  # None: ask on a terminal, else do it
    admin_username: str
    admin_password: str = field(repr=False)
    setup_token: str = field(repr=False)

    @property
    def address(self) -> str:
        """What to type into a browser on this machine."""
        everywhere = self.bind in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if everywhere else self.bind
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"


def read(environment: Mapping[str, str]) -> Options:
    """Raises Refused for a value that cannot be meant."""
    username = environment.get("ADMIN_USERNAME", "")
    password = secret(environment, "ADMIN_PASSWORD")
    if bool(username) != bool(password):
        raise Refused("ADMIN_USERNAME and ADMIN_PASSWORD (or ADMIN_PASSWORD_FILE) go together.")
    return Options(
        port=_port(environment.get("PORT", "8000")),
        bind=environment.get("BIND", "127.0.0.1"),
        data_dir=Path(environment.get("DATA_DIR") or HERE / "var").resolve(),
        own_redis=not _given(environment, "REDIS_URL"),
        own_keys=tuple(
            name for name in ("SECRET_KEY", "CREDENTIAL_KEYS") if not _given(environment, name)
        ),
        docker_host=environment.get("DOCKER_HOST", ""),
        demo=_yes_no(environment, "DEMO"),
        admin_username=username,
        admin_password=password,
        setup_token=secret(environment, "SETUP_TOKEN"),
    )


def secret(environment: Mapping[str, str], name: str) -> str:
    """The value of `name`, or the content of the file that `name`_FILE names."""
    file = environment.get(f"{name}_FILE", "")
    if not file:
        return environment.get(name, "")
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise Refused(f"{name}_FILE: cannot read {file}: {error.strerror}.") from error


def publish(options: Options) -> None:
    """Writes what has a default back into the environment, for every process that we start."""
    os.environ["PORT"] = str(options.port)
    os.environ["DATA_DIR"] = str(options.data_dir)
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"


def _given(environment: Mapping[str, str], name: str) -> bool:
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_PORT:
        raise Refused(f"PORT={text} is no port number: choose one from 1 to {LARGEST_PORT}.")
    return int(text)


def _yes_no(environment: Mapping[str, str], name: str) -> bool | None:
    text = environment.get(name, "").lower()
    if text not in {"", "0", "1"}:
        raise Refused(f"{name}={text}: say 1 or 0, or leave it unset.")
    return {"": None, "0": False, "1": True}[text]
