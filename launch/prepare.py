"""What has to be true before the parts start: tables, a way to sign in, a first host.

Runs in a child that ends afterwards, so that its connections never meet a fork.
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from accounts_app.selectors import admin_exists
from accounts_app.services import ensure_admin, new_setup_token
from core.errors import DashboardError
from engine.client import Engine
from engine.discover import candidates
from engine.errors import EngineError
from engine.types import Connection
from hosts_app.models import Host
from hosts_app.services import ensure_first_host
from launch import demo_engine, kernel, samples
from launch.console import Refused, say
from launch.options import Options
from registries_app.models import Registry
from registries_app.services import ensure_first
from registries_app.spec import RegistrySpec


def in_child(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Runs `work` in a child and returns what it returned. Raises Refused with its words."""
    reader, writer = os.pipe()

    def run() -> None:
        try:
            answer = work()
        except Refused as error:
            answer = {"refused": str(error)}
        os.write(writer, json.dumps(answer).encode())

    pid = kernel.fork(run)
    os.close(writer)
    try:
        with os.fdopen(reader) as answers:
            text = answers.read()
        os.waitpid(pid, 0)
    except BaseException:
        kernel.send(pid, signal.SIGKILL)
        raise
    if not text:
        raise Refused("the preparation failed; the lines above say why.")
    answer: dict[str, Any] = json.loads(text)
    if "refused" in answer:
        raise Refused(answer["refused"])
    return answer


def everything(options: Options) -> dict[str, Any]:
    """{"token": one-time token or "", "host": whether there is a host now}."""
    migrate()
    return {"token": sign_in(options), "host": first_host()}


def migrate() -> None:
    """Brings the tables up to date; costs next to nothing where they are."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say("bringing the database up to date")
        call_command("migrate", interactive=False, verbosity=0)


def sign_in(options: Options) -> str:
    """Makes the first administrator, or returns the token with which to make one."""
    if options.admin_username:
        try:
            ensure_admin(options.admin_username, options.admin_password)
        except DashboardError as error:
            raise Refused(f"ADMIN_USERNAME and ADMIN_PASSWORD: {error}") from error
    return "" if admin_exists() else new_setup_token()


def first_host() -> bool:
    """Adds the first engine that answers, where no host is known. False: none answers."""
    if Host.objects.exists():
        return True
    for connection in candidates(os.environ):
        if name := name_of(connection):
            add(connection, name)
            return True
    return False


def name_of(connection: Connection) -> str:
    """The engine's own name, or "" where none answers."""
    client = Engine(connection, timeout_s=3)
    try:
        client.ping()
        return client.info().name or "docker"
    except EngineError:
        return ""
    finally:
        client.close()


def add(connection: Connection, name: str) -> None:
    ensure_first_host(connection, name)
    say(f"the first host is {name} ({connection.url})")


def demo_host(data_dir: Path) -> dict[str, Any]:
    """Fills the private engine with samples; it is the first host, its registry the first one."""
    path = Path(demo_engine.url(data_dir).removeprefix("unix://"))
    if not samples.wait_ready(path):
        say(f"the private engine does not answer; see {data_dir / 'demo' / 'dockerd.log'}")
        return {}
    try:
        samples.make(path, data_dir / "demo")
    except samples.Failed as error:
        say(f"the private engine runs, but without samples: {error}")
    add(Connection(demo_engine.url(data_dir)), "demo")
    url = f"http://127.0.0.1:{demo_engine.registry_port(data_dir / 'demo')}"
    ensure_first(RegistrySpec(name="demo", url=url, kind=Registry.Kind.DISTRIBUTION))
    return {}
