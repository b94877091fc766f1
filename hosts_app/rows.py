"""Hosts as pages draw them: every cell a finished string."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.times import age
from engine.probe import Step
from hosts_app.models import Host

GLYPHS = {"reachable": "ok", "slow": "warn", "unchecked": "unknown"}  # any other state: bad
STEPS = ("address", "connection", "tls", "ping", "version", "list")
AS_OF_S = 45.0  # a list comes every 30 s; beyond this something is late


@dataclass(slots=True)
class HostRow:
    """One line of the hosts page and of the overview."""

    slug: str
    name: str
    page: str
    url: str
    state: str
    state_word: str
    glyph: str
    answering: bool
    since: datetime
    since_age: str
    error: str
    protected: bool
    version: str
    platform: str
    system: str
    cpus: str
    memory: str
    up: int
    total: int
    latency: str
    labels: list[tuple[str, str]]  # the label, and the words that filter by it
    as_of: datetime | None
    as_of_age: str
    late: bool


@dataclass(slots=True)
class StepRow:
    """One line of a connection test."""

    name: str
    cls: str  # ok | bad | wait
    ms: str
    say: str


def rows_of(hosts: Iterable[Host], counts: Mapping[int, tuple[int, int]]) -> list[HostRow]:
    """Rows for these hosts; `counts` are (running, all) of the containers on each."""
    at = now()
    return [_row(host, *counts.get(host.pk, (0, 0)), at) for host in hosts]


def _row(host: Host, up: int, total: int, at: datetime) -> HostRow:
    facts = host.engine
    late = host.as_of is not None and (at - host.as_of).total_seconds() > AS_OF_S
    return HostRow(
        slug=host.slug,
        name=host.name,
        page=f"/hosts/{host.slug}/",
        url=host.url,
        state=host.state,
        state_word=str(Host.State(host.state).label),
        glyph=GLYPHS.get(host.state, "bad"),
        answering=host.answering,
        since=host.state_since,
        since_age=age(host.state_since, at),
        error=host.error,
        protected=host.protected,
        version=str(facts.get("version") or ""),
        platform="/".join(filter(None, (facts.get("os"), facts.get("arch")))),
        system=str(facts.get("operating_system") or ""),
        cpus=str(facts.get("cpus") or ""),
        memory=bytes_text(facts.get("memory")),
        up=up,
        total=total,
        latency=latency_text(host.latency_ms) if host.answering else "",
        labels=[
            (f"{key}={value}" if value else key, f'label:"{key}={value}"')
            for key, value in host.labels.items()
        ],
        as_of=host.as_of,
        as_of_age=age(host.as_of, at),
        late=late or not host.answering,
    )


def latency_text(ms: float | None) -> str:
    if ms is None:
        return ""
    if ms < 1000:
        return pgettext("duration", "%(n)s ms") % {"n": f"{ms:.1f}" if ms < 10 else f"{ms:.0f}"}
    return pgettext("duration", "%(n)s s") % {"n": f"{ms / 1000:.1f}"}


def bytes_text(amount: float | None) -> str:
    """Binary units, three digits: 512 B, 4.2 GiB."""
    if amount is None:
        return ""
    size = float(amount)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def skew_text(host: Host) -> str:
    """How wrong its clock is, "" where nobody would notice."""
    seconds = host.clock_ahead.total_seconds()
    if not seconds:
        return ""
    words = (
        _("Its clock is %(time)s ahead of the dashboard's.")
        if seconds > 0
        else _("Its clock is %(time)s behind the dashboard's.")
    )
    at = now()
    return words % {"time": age(at - abs(host.clock_ahead), at)}


def step_rows(steps: list[Step], *, tls: bool) -> list[StepRow]:
    """The steps that ran, and after a failure those that were not reached."""
    names = {
        "address": _("Address"),
        "connection": _("Connection"),
        "tls": _("TLS"),
        "ping": _("Ping"),
        "version": _("Version"),
        "list": _("List of containers"),
    }
    ran = [
        StepRow(
            name=names[step.step],
            cls="ok" if step.ok else "bad",
            ms=_ms(step.ms),
            say=_say(step),
        )
        for step in steps
    ]
    reached = {step.step for step in steps}
    wanted = [name for name in STEPS if tls or name != "tls"]
    return ran + [StepRow(names[name], "wait", "", "") for name in wanted if name not in reached]


def _ms(ms: int) -> str:
    return (
        latency_text(float(ms))
        if ms >= 10
        else pgettext("duration", "%(n)s ms") % {"n": ms or "<1"}
    )


def _say(step: Step) -> str:
    if step.ok and step.step == "list":
        n = int(step.detail)
        return ngettext("%(n)d container", "%(n)d containers", n) % {"n": n}
    return step.detail


def step_hint(steps: list[Step]) -> str:
    """What to do about the step that failed."""
    error = steps[-1].error if steps else None
    hints = {
        "unreachable": _("Is the engine running, and listening at this address?"),
        "timed_out": _("Something accepts the connection, but does not answer as an engine does."),
        "permission_denied": _(
            "The user that runs Quarterdeck may not open this socket. Most often it has to be a "
            "member of the group docker."
        ),
        "tls_failed": _("Check that CA, certificate and key belong to this engine."),
        "too_old": _("Docker 19.03 (API 1.40) is the oldest engine that works."),
        "broken": _("What answers there is no Docker Engine, or one that wants TLS."),
    }
    return hints.get(error.code, "") if error else ""


def disk_rows(disk: Mapping[str, Any]) -> list[dict[str, str]]:
    """What /system/df told, as lines: what, how many, how much, of which can go."""
    names = {
        "images": _("Images"),
        "containers": _("Writable layers of containers"),
        "volumes": _("Volumes"),
        "build_cache": _("Build cache"),
    }
    return [
        {
            "name": name,
            "n": str(disk[key]["count"]),
            "size": bytes_text(disk[key]["bytes"]),
            "free": bytes_text(disk[key]["reclaimable_bytes"]),
        }
        for key, name in names.items()
        if key in disk
    ]
