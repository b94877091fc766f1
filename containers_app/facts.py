"""What an engine tells about one container, as its page shows it: finished texts."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from containers_app.isolation import facts as isolation_facts
from containers_app.isolation import ways_to_root
from containers_app.models import Container
from core.facts import Fact, argv, label_pairs, moment, variables
from core.text import visible
from core.times import duration
from engine.types import ContainerDetail, HealthEntry, MountPoint, Network

LONGEST_OUTPUT = 2000  # characters of one health check's output


def of(found: ContainerDetail, *, rootless: bool) -> dict[str, Any]:
    """The context of the overview. `rootless`: the engine itself does not run as root."""
    return {
        "facts": [fact for fact in (*_process(found), *_life(found)) if fact.text],
        "mounts": [_mount(each) for each in found.mounts],
        "networks": [_network(each) for each in found.networks],
        "environment": variables(found.env),
        "labels": label_pairs(found.labels),
        "isolation": isolation_facts(found),
        "ways_to_root": ways_to_root(found),
        "rootless": rootless,
        "health": found.health,
        "health_log": [_health(each) for each in reversed(found.health_log)],
    }


def of_row(row: Container) -> dict[str, Any]:
    """The same page while the engine does not tell: what its last list said."""
    ended = row.state in {"exited", "dead"}
    known = [
        Fact(_("Docker's state"), row.state, mono=True),
        Fact(_("Exit code"), str(row.exit_code) if ended else "", bad=bool(row.exit_code)),
        Fact(_("Created at"), moment(row.created), at=row.created),
        Fact(_("Started at"), moment(row.started), at=row.started),
        Fact(_("Ended at"), moment(row.finished) if ended else "", at=row.finished),
    ]
    return {
        "known": [fact for fact in known if fact.text],
        "labels": label_pairs(row.labels),
    }


def _process(found: ContainerDetail) -> list[Fact]:
    return [
        Fact(_("Command"), argv(found.command), mono=True),
        Fact(_("Entrypoint"), argv(found.entrypoint), mono=True),
        Fact(_("Working directory"), visible(found.working_dir), mono=True),
        Fact(_("User"), visible(found.user), mono=True),
        Fact(_("Terminal"), _("It has a terminal (TTY).") if found.tty else ""),
        Fact(_("Log driver"), found.log_driver, mono=True),
    ]


def _life(found: ContainerDetail) -> list[Fact]:
    count = found.restart_count
    restarts = ngettext("Restarted %(n)d time", "Restarted %(n)d times", count) % {"n": count}
    ended = found.exit_code is not None and found.state not in {"running", "paused"}
    return [
        Fact(_("Restart policy"), restart_words(found.restart_policy)),
        Fact(_("Restarts"), restarts if count else _("Never restarted by the engine")),
        Fact(_("Exit code"), str(found.exit_code) if ended else "", bad=bool(found.exit_code)),
        Fact(
            _("Out of memory"),
            _("The kernel killed it because it used too much memory.") if found.oom_killed else "",
            bad=True,
        ),
        Fact(_("Could not start"), visible(found.error), mono=True, bad=True),
        Fact(_("Created at"), moment(found.created), at=found.created),
        Fact(_("Started at"), moment(found.started), at=found.started),
        Fact(_("Ended at"), moment(found.finished) if ended else "", at=found.finished),
    ]


def restart_words(policy: str) -> str:
    name, _colon, most = policy.partition(":")
    if name == "on-failure" and most:
        return ngettext(
            "When it fails, at most %(n)s time", "When it fails, at most %(n)s times", int(most)
        ) % {"n": most}
    words = {
        "no": _("Not restarted"),
        "always": _("Always, also after the engine restarts"),
        "unless-stopped": _("Always, unless it was stopped"),
        "on-failure": _("When it fails"),
    }
    return words.get(name, policy)


def _mount(each: MountPoint) -> dict[str, Any]:
    return {
        "type": each.type,
        "source": visible(each.name or each.source),
        "target": visible(each.target),
        "read_only": each.read_only,
    }


def _network(each: Network) -> dict[str, Any]:
    shown = asdict(each)
    shown["addresses"] = [part for part in (each.ip_address, each.ipv6_address) if part]
    shown["aliases"] = ", ".join(visible(alias) for alias in each.aliases)
    return shown


def _health(entry: HealthEntry) -> dict[str, Any]:
    took = duration(entry.start, entry.end) if entry.start and entry.end else ""
    return {
        "ok": entry.exit_code == 0,
        "exit_code": entry.exit_code,
        "at": entry.start,
        "took": took,
        "output": visible(entry.output.strip(), LONGEST_OUTPUT),
    }
