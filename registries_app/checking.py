"""What a registry can do, found out step by step; nothing on it is changed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from engine.probe import Step
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol.distribution import CALL_S, Client
from registries_app.protocol.failures import (
    AuthFailed,
    Forbidden,
    ForeignRealm,
    NoAccess,
    RateLimited,
    RegistryFailed,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from registries_app.protocol.sockets import deadline, marked
from registries_app.protocol.targets import Target
from registries_app.selectors import registry_for_reference

ABILITY_S = 4.0  # for one question of a check
MOST_TRIED = 5  # repositories, to find one that has tags
NOWHERE = "quarterdeck/none"  # a repository that is not there, to try deletion on


@dataclass(slots=True)
class Report:
    """`error` is "" where it can be used; `capabilities` are then known."""

    steps: list[Step] = field(default_factory=list)
    capabilities: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def check(target: Target, repository: str = "") -> Report:
    """Address, connection, TLS, protocol and sign-in; then what it lists, answers and deletes.

    `repository` is one that is known to be there, for what does not list any. The whole ends
    within CALL_S.
    """
    with deadline(CALL_S):
        return _check(target, repository)


def _check(target: Target, repository: str) -> Report:
    report = Report()
    stages = ["address", "connection", "tls", "v2", "sign_in"]
    if not target.url.startswith("https:"):
        stages.remove("tls")
    clock = _Clock()
    try:
        with Client(target) as client:
            with marked() as clock.marks:
                client.ping()
            _passed(report, stages, clock)
            report.capabilities = {"v2": True, "auth": client.scheme or "none"}
            _Trial(client, report).all(repository)
    except RegistryFailed as error:
        if not report.steps:
            failed = _stage_of(error)
            _passed(report, stages[: stages.index(failed)], clock)
            ms = clock.ms_until(time.monotonic())
            report.steps.append(Step(failed, ok=False, ms=ms, detail=error.message))
        report.error = error.message
    return report


class _Clock:
    """How long each stage took by itself; of those that one question went through."""

    def __init__(self) -> None:
        self.marks: dict[str, float] = {}
        self.last = time.monotonic()

    def ms_until(self, moment: float) -> int:
        took_s, self.last = max(0.0, moment - self.last), max(moment, self.last)
        return round(took_s * 1000)

    def ms_of(self, stage: str) -> int:
        """The last stage, of signing in, ends now."""
        return self.ms_until(self.marks.get(stage, time.monotonic()))


def _passed(report: Report, stages: list[str], clock: _Clock) -> None:
    report.steps += [Step(each, ok=True, ms=clock.ms_of(each), detail="") for each in stages]


def _stage_of(error: RegistryFailed) -> str:
    if isinstance(error, Forbidden):
        return "address"
    if isinstance(error, Unreachable | TimedOut):
        return "connection"
    if isinstance(error, TlsFailed):
        return "tls"
    return "sign_in" if isinstance(error, AuthFailed | NoAccess | ForeignRealm) else "v2"


class _Trial:
    """What it can do, one after another. What needs an image is tried on the first one found."""

    def __init__(self, client: Client, report: Report) -> None:
        self.client, self.report = client, report
        self.names: list[str] = []
        self.tag = ""

    def all(self, repository: str) -> None:
        self.try_("lists", self._lists)
        if len(self.names) > 1:
            self.try_("pages", self.client.pages)
        if repository:
            self.names.insert(0, repository)
        if self.names:
            self.try_("tags", self._has_tags)
        name = self.names[0] if self.names else NOWHERE
        if self.tag:
            self.try_("head", lambda: self.client.knows_head(name, self.tag))
        self.try_("deletes", lambda: self.client.can_delete(name))
        if self.report.capabilities.get("deletes"):
            self.try_("untags", lambda: self.client.can_untag(name))
        if self.report.capabilities.get("head"):
            self.try_("referrers", lambda: self._refers(name))

    def try_(self, name: str, ask: Callable[[], bool]) -> None:
        """One ability: that it lacks is no failure of the check; no answer is none."""
        started, detail = time.monotonic(), ""
        try:
            with deadline(ABILITY_S):
                able = self.report.capabilities[name] = ask()
        except (TimedOut, Unreachable, RateLimited) as error:
            able, detail = False, error.message
        except RegistryFailed as error:
            able = self.report.capabilities[name] = False
            detail = error.message
        self.report.steps.append(Step(name, ok=able, ms=_ms(started), detail=detail))

    def _lists(self) -> bool:
        self.names = self.client.some()
        return True

    def _has_tags(self) -> bool:
        """Repositories may be empty: the first that is not is the one to try things on."""
        for at, name in enumerate(self.names[:MOST_TRIED]):
            if tags := self.client.tags(name).names:
                self.tag = tags[0]
                self.names.insert(0, self.names.pop(at))
                break
        return True

    def _refers(self, name: str) -> bool:
        return self.client.knows_referrers(name, self.client.head(name, self.tag))


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
