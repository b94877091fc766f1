"""What a registry can do, found out step by step; nothing on it is changed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from engine.probe import Step
from registries_app.credentials import target_of
from registries_app.distribution import Client
from registries_app.failures import (
    AuthFailed,
    Forbidden,
    ForeignRealm,
    NoAccess,
    RegistryFailed,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from registries_app.models import Registry
from registries_app.selectors import registry_for_reference
from registries_app.targets import Target

NOWHERE = "quarterdeck/none"  # a repository that is not there, to try deletion on


@dataclass(slots=True)
class Report:
    """`error` is "" where it can be used; `capabilities` are then known."""

    steps: list[Step] = field(default_factory=list)
    capabilities: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def check(target: Target) -> Report:
    """Address, connection, TLS, protocol and sign-in; then what it lists, answers and deletes."""
    report, started = Report(), time.monotonic()
    stages = ["address", "connection", "tls", "v2", "sign_in"]
    if not target.url.startswith("https:"):
        stages.remove("tls")
    try:
        with Client(target) as client:
            client.ping()
            _passed(report, stages, started)
            report.capabilities = {"v2": True, "auth": client.scheme or "none"}
            _abilities(client, report)
    except RegistryFailed as error:
        if not report.steps:
            failed = _stage_of(error)
            _passed(report, stages[: stages.index(failed)], started)
            report.steps.append(Step(failed, ok=False, ms=_ms(started), detail=error.message))
        report.error = error.message
    return report


def _passed(report: Report, stages: list[str], started: float) -> None:
    report.steps += [Step(each, ok=True, ms=_ms(started), detail="") for each in stages]


def _stage_of(error: RegistryFailed) -> str:
    if isinstance(error, Forbidden):
        return "address"
    if isinstance(error, Unreachable | TimedOut):
        return "connection"
    if isinstance(error, TlsFailed):
        return "tls"
    return "sign_in" if isinstance(error, AuthFailed | NoAccess | ForeignRealm) else "v2"


def _abilities(client: Client, report: Report) -> None:
    names: list[str] = []
    tags: list[str] = []

    def lists() -> bool:
        names.extend(client.catalog().names)
        return True

    def has_tags() -> bool:
        tags.extend(client.tags(names[0]).names)
        return True

    _tried(report, "lists", lists)
    if names:
        _tried(report, "tags", has_tags)
    if tags:
        _tried(report, "head", lambda: client.knows_head(names[0], tags[0]))
    _tried(report, "deletes", lambda: client.can_delete(names[0] if names else NOWHERE))


def _tried(report: Report, name: str, ask: Callable[[], bool]) -> None:
    """One ability: that it lacks is no failure of the check."""
    started, detail = time.monotonic(), ""
    try:
        able = ask()
    except RegistryFailed as error:
        able, detail = False, error.message
    report.capabilities[name] = able
    report.steps.append(Step(name, ok=able, ms=_ms(started), detail=detail))


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def check_before_engine(reference: str) -> None:
    """Look, without a password, where this registry sends engines to sign in (E3).

    An engine follows any realm with the password it was given. Raises ForeignRealm; and what
    else failed, unless an administrator has confirmed realms of a registry that only engines
    reach.
    """
    registry = registry_for_reference(reference)
    if registry is None or not registry.signs_in:
        return
    _preflight(registry)


def _preflight(registry: Registry) -> None:
    target = replace(target_of(registry), username="", password="")
    try:
        with Client(target) as client:
            client.ping()
    except (AuthFailed, NoAccess):
        return
    except (Unreachable, TimedOut):
        if not registry.realms:
            raise
