"""Rows for tests: plain functions with sensible values for whatever a test does not care about."""

import itertools
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils.timezone import now

from accounts_app.models import Role, User, UserSession
from containers_app.models import Container
from hosts_app.models import Grant, Host
from images_app.models import Image
from jobs_app.models import Job

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def host(name: str = "lab", **fields: Any) -> Host:
    """A reachable host that nobody answers for."""
    given: dict[str, Any] = {
        "slug": name,
        "name": name,
        "url": "unix:///nowhere.sock",
        "state": Host.State.REACHABLE,
        "as_of": now(),
    }
    return Host.objects.create(**(given | fields))


def user(
    username: str, *, on: Host | None = None, role: Role | None = None, everywhere: bool = False
) -> User:
    """A user with `role` on one host, or everywhere, or nowhere."""
    made = User.objects.create_user(username, PASSWORD, fleet_role=role if everywhere else None)
    if on and role:
        Grant.objects.create(user=made, host=on, role=role)
    return made


def container(on: Host, name: str = "web", **fields: Any) -> Container:
    number = next(_numbers)
    given: dict[str, Any] = {
        "host": on,
        "docker_id": f"{number:064x}",
        "name": name,
        "image_ref": "nginx:1.27",
        "image_id": "sha256:" + "e" * 64,
        "state": "running",
        "status": "Up 3 hours",
        "created": now() - timedelta(hours=4),
        "started": now() - timedelta(hours=3),
        "confirmed": now(),
    }
    return Container.objects.create(**(given | fields))


def image(on: Host, *tags: str, **fields: Any) -> Image:
    number = next(_numbers)
    given: dict[str, Any] = {
        "host": on,
        "docker_id": f"sha256:{number:064x}",
        "tags": list(tags),
        "size_bytes": 5_000_000,
        "created": now() - timedelta(days=2),
    }
    return Image.objects.create(**(given | fields))


def job(actor: User, on: Host | None, kind: str = "container.stop", **fields: Any) -> Job:
    given: dict[str, Any] = {
        "kind": kind,
        "actor": actor,
        "actor_name": actor.username,
        "role": Role.OPERATOR,
        "host": on,
        "host_name": on.slug if on else "",
        "repeatable": True,
    }
    return Job.objects.create(**(given | fields))


def session(client: Client, user: User) -> Client:
    """Sign `user` in on `client` the way the sign-in page does, without hashing a password."""
    client.force_login(user)
    UserSession.objects.create(
        user=user, session_key=client.session.session_key or "", confirmed=now()
    )
    return client
