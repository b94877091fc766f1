"""Registries as pages draw them: every cell a finished string."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.times import age
from hosts_app.rows import latency_text
from registries_app.budget import paused_s
from registries_app.models import Registry
from registries_app.protocol.targets import HUB, HUB_DOMAIN


@dataclass(slots=True)
class RegistryRow:
    """One line of the list, and the head of a record."""

    slug: str
    name: str
    page: str
    record: str
    kind: str
    address: str
    marks: list[str]
    username: str
    signs_in: bool
    mirror_of: str
    glyph: str
    state: str
    error: str
    checked: datetime | None
    checked_age: str
    repositories: str


@dataclass(slots=True)
class AbilityRow:
    """One thing that a registry can or cannot do, and what follows from it."""

    key: str
    name: str
    cls: str  # ok | bad | wait (not known) | off (cannot, which is no fault)
    answer: str
    means: str
    ms: str


@dataclass(slots=True)
class BudgetRow:
    """How many pulls are left, as it was last heard."""

    limit: int
    remaining: int
    cls: str  # ok | warn | bad
    window: str
    source: str
    heard_age: str
    paused: str  # until when it asked not to be asked; ""


def rows_of(
    registries: Iterable[Registry], repositories: Mapping[int, int] | None = None
) -> list[RegistryRow]:
    """Rows for these; `repositories` says how many are known of each."""
    at, known = now(), repositories or {}
    return [_row(each, known.get(each.pk), at) for each in registries]


def _row(registry: Registry, repositories: int | None, at: datetime) -> RegistryRow:
    glyph, state = _state(registry)
    return RegistryRow(
        slug=registry.slug,
        name=registry.name,
        page=f"/registries/{registry.slug}/",
        record=f"/registries/{registry.slug}/-/record/",
        kind=str(registry.get_kind_display()),
        address=HUB_DOMAIN if registry.url == HUB else registry.url,
        marks=marks(registry),
        username=registry.username,
        signs_in=registry.signs_in,
        mirror_of=registry.mirror_of.name if registry.mirror_of else "",
        glyph=glyph,
        state=state,
        error=registry.error,
        checked=registry.checked,
        checked_age=age(registry.checked, at),
        repositories="" if repositories is None else f"{repositories:,}",
    )


def marks(registry: Registry) -> list[str]:
    """What makes its connection less than safe."""
    found = []
    if not registry.encrypted:
        found.append(_("plain HTTP"))
    elif registry.skip_verify:
        found.append(_("certificate not verified"))
    return found


def _state(registry: Registry) -> tuple[str, str]:
    if registry.checked is None:
        return "unknown", _("not checked yet")
    if registry.error:
        return "bad", _("cannot be used")
    return "ok", pgettext("a registry", "answers")


STAGES = ("address", "connection", "tls", "v2", "sign_in")


def stage_rows(registry: Registry) -> list[AbilityRow]:
    """How far the last check came on its way in; what it did not reach is said as well."""
    names = {
        "address": _("Address"),
        "connection": _("Connection"),
        "tls": _("TLS"),
        "v2": _("Speaks as a registry"),
        "sign_in": _("Sign-in"),
    }
    ran = {step["step"]: step for step in registry.steps}
    wanted = [each for each in STAGES if each != "tls" or registry.encrypted]
    return [_stage(names[each], each, ran.get(each), registry) for each in wanted]


def _stage(name: str, key: str, step: Mapping[str, Any] | None, registry: Registry) -> AbilityRow:
    if step is None:
        return AbilityRow(key, name, "wait", "", "", "")
    said = str(step["detail"])
    if step["ok"] and key == "sign_in":
        said = _sign_in_words(registry)
    if step["ok"] and key == "tls" and registry.skip_verify:
        said = _("encrypted, but its certificate was not verified")
    return AbilityRow(key, name, "ok" if step["ok"] else "bad", said, "", _ms(step))


def _sign_in_words(registry: Registry) -> str:
    auth = registry.capabilities.get("auth", "none")
    if auth == "none":
        return _("open: it wants none")
    way = {"basic": "Basic", "bearer": _("a token from its sign-in service")}[auth]
    if not registry.signs_in:
        return _("anonymous, by %(way)s") % {"way": way}
    return _("as %(name)s, by %(way)s") % {"name": registry.username or "–", "way": way}


def _ms(step: Mapping[str, Any]) -> str:
    ms = int(step["ms"])
    return latency_text(float(ms)) if ms >= 10 else pgettext("duration", "%(n)s ms") % {"n": ms}


def ability_rows(registry: Registry) -> list[AbilityRow]:
    """What it can do, in the order in which it matters; empty before a check came so far."""
    found = registry.capabilities
    if not found.get("v2"):
        return []
    ran = {step["step"]: step for step in registry.steps}
    return [
        _ability(key, name, meanings, found, ran.get(key)) for key, name, meanings in _abilities()
    ]


def _ability(
    key: str,
    name: str,
    meanings: tuple[str, str],
    found: Mapping[str, bool | None],
    step: Mapping[str, Any] | None,
) -> AbilityRow:
    able = found.get(key)
    if able is None:
        said = str(step["detail"]) if step else ""
        return AbilityRow(key, name, "wait", _("not known"), said or _unknown(), "")
    words = meanings[0] if able else meanings[1]
    answer = pgettext("it can", "yes") if able else pgettext("it cannot", "no")
    ms = _ms(step) if step else ""
    return AbilityRow(key, name, "ok" if able else "off", answer, words, ms)


def _unknown() -> str:
    return _("There was no repository to try it on.")


def _abilities() -> list[tuple[str, str, tuple[str, str]]]:
    """Each ability with its name, and what it means to have it and to lack it."""
    return [
        (
            "lists",
            _("Lists its repositories"),
            (
                _("All that this account may see are found by themselves."),
                _("Name a repository to see it; those you pin stay in the list."),
            ),
        ),
        (
            "pages",
            _("Lists page by page"),
            (_("Long lists come in parts."), _("It answers with the whole list at once.")),
        ),
        (
            "tags",
            _("Lists tags"),
            (_("Each repository shows its tags."), _("Images are found by their tag only.")),
        ),
        (
            "head",
            _("Tells a tag's digest without sending it (HEAD)"),
            (
                _("Looking again costs next to nothing, and no pull."),
                _("Each look reads the whole manifest, which may count as a pull."),
            ),
        ),
        (
            "deletes",
            _("Deletes images"),
            (
                _("An image goes with all its tags; its bytes when the registry cleans up."),
                _("Deletion is off there, or not allowed to this account."),
            ),
        ),
        (
            "untags",
            _("Removes a tag alone"),
            (
                _("Other tags of the same image stay."),
                _("A small image takes the tag's place and is deleted; others stay as well."),
            ),
        ),
        (
            "referrers",
            _("Lists what refers to an image"),
            (
                _("Signatures, SBOM and provenance are asked for."),
                _("Signatures are looked for by their tag, as cosign stores them."),
            ),
        ),
    ]


def budget_row(registry: Registry) -> BudgetRow | None:
    """None where it never said anything about a budget."""
    said, at = registry.budget or {}, now()
    seconds = paused_s(registry)
    if not seconds and "limit" not in said:
        return None
    limit, remaining = int(said.get("limit", 0)), int(said.get("remaining", 0))
    low = remaining * 4 <= limit
    return BudgetRow(
        limit=limit,
        remaining=remaining,
        cls="bad" if seconds or not remaining else "warn" if low else "ok",
        window=age(at - timedelta(seconds=int(said.get("window_s", 0))), at),
        source=str(said.get("source", "")),
        heard_age=age(datetime.fromisoformat(said["at"]), at),
        paused=age(at - timedelta(seconds=seconds), at) if seconds else "",
    )
