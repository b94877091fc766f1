"""One image of a registry, and two compared, as their pages show them: finished texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import User
from core.bars import segments
from core.facts import Fact, argv, label_pairs, moment, variables
from core.masking import masked_instruction
from core.text import visible
from core.times import age
from core.tree import nodes
from registries_app.content import browsing, reading
from registries_app.content.page import (
    image_url,
    in_use,
    mark_name,
    pull_name,
    short,
    use_line,
    way,
)
from registries_app.content.referring import Referrer, referrers_of
from registries_app.content.rows import told_order
from registries_app.content.scan import Scan
from registries_app.content.schemas import json_of, masked_config
from registries_app.models import Manifest, Registry
from registries_app.protocol.manifests import Config, Descriptor, Parsed, Step, paired
from registries_app.selectors import manifest_kept, tags_of
from registries_app.usage import seen_by, uses_of

KNOWN = {
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
    "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip


def context(
    user: User, registry: Registry, name: str, found: Manifest, platform: Manifest | None
) -> dict[str, Any]:
    """What registries_app/_image.html shows; `platform` is the one of an index that is looked at.

    Without one, the first that is there.
    """
    parsed = reading.parsed_of(found)
    children = {each["digest"]: each for each in found.platforms}
    if found.kind == "index" and (platform is None or platform.digest not in children):
        platform = next(
            (kept for digest in children if (kept := manifest_kept(digest)) is not None), None
        )
    shown = platform if found.kind == "index" else found
    named = tags_of(registry, name).filter(digest=found.digest)
    tags = told_order(named.values_list("name", flat=True))
    uses = seen_by(user, uses_of({found.digest, *children}))
    return {
        "found": found,
        "digest": found.digest,
        "short": short(found.digest),
        "tags": tags,
        "kind": kind_name(found),
        "pull": pull_name(registry, name, found.digest),
        "pull_url": way("images:pull", reference=pull_name(registry, name, found.digest)),
        "whole_size": filesizeformat(found.size) if found.size else "",
        "platforms": [_platform(registry, name, found, each, shown) for each in found.platforms]
        if found.kind == "index"
        else [],
        "attestations": [
            {
                "names": ", ".join(mark_name(mark) for mark in each["names"]),
                "of": each["of"],
                "short": short(each["digest"]),
                "url": image_url(registry, name, each["digest"]),
            }
            for each in found.attestations
        ],
        "annotations": label_pairs(parsed.annotations) if parsed else [],
        "nodes": nodes(json_of(bytes(found.raw)) or {}),
        "uses": [use_line(use) for use in uses],
        "uses_text": in_use(uses),
        "subject": {"short": short(found.subject), "url": image_url(registry, name, found.subject)}
        if found.subject
        else None,
        **(_one(shown) if shown else {}),
    }


def kind_name(found: Manifest) -> str:
    words = {
        "index": _("Image for several platforms"),
        "image": _("Image"),
        "schema1": _("Image in the oldest form (schema 1)"),
        "statement": _("Attestation"),
        "unreadable": _("Not understood"),
    }
    return words.get(found.kind) or visible(mark_name(found.artifact) or _("Artifact"), 80)


def _platform(
    registry: Registry, name: str, whole: Manifest, each: Mapping[str, Any], shown: Manifest | None
) -> dict[str, Any]:
    url = f"{image_url(registry, name, whole.digest)}?platform={each['digest']}"
    return {
        "platform": visible(each["platform"] or _("unknown platform"), 100),
        "size": filesizeformat(each["size"]) if each["size"] is not None else "",
        "missing": each["missing"],
        "current": shown is not None and shown.digest == each["digest"],
        "url": url,
    }


def _one(shown: Manifest) -> dict[str, Any]:
    """Layers, history and configuration of an image for one platform."""
    parsed, config = reading.parsed_of(shown), reading.config_kept(shown)
    if parsed is None:
        return {}
    steps, bar = _steps(parsed.layers, config.history if config else ())
    count = len(parsed.layers)
    return {
        "shown": shown,
        "shown_short": short(shown.digest),
        "platform": shown.platforms[0]["platform"] if shown.platforms else "",
        "size": filesizeformat(shown.size) if shown.size else "",
        "steps": steps,
        "bar": bar,
        "layers_text": ngettext("%(n)d layer", "%(n)d layers", count) % {"n": count},
        "matched": config is None or not config.history or _fits(parsed, config),
        "facts": [fact for fact in _facts(config) if fact.text] if config else [],
        "environment": variables(environment(config)) if config else [],
        "labels": label_pairs(config.labels) if config else [],
        "config_nodes": nodes(masked_config(bytes(shown.config)) or {}) if shown.config else [],
        "age": age(shown.created, now()) if shown.created else "",
    }


def environment(config: Config) -> dict[str, str]:
    return {name: value for name, _equals, value in (each.partition("=") for each in config.env)}


def _fits(parsed: Parsed, config: Config) -> bool:
    return len(parsed.layers) == sum(not step.empty for step in config.history)


def _steps(
    layers: Sequence[Descriptor], history: Sequence[Step]
) -> tuple[list[dict[str, Any]], list[Any]]:
    """Lines of a Dockerfile with the layer that each made; layers alone where they do not fit."""
    made = paired(tuple(layers), tuple(history))
    if not history or (layers and all(step is None for step in made)):
        lines = [_line(n, None, layer) for n, layer in enumerate(layers, 1)]
    else:
        left = iter(layers)
        lines = [
            _line(n, step, None if step.empty else next(left, None))
            for n, step in enumerate(history, 1)
        ]
    bar = segments(
        [(line["number"], line["bytes"], line["text"]) for line in lines if line["bytes"]]
    )
    return lines, bar


def _line(number: int, step: Step | None, layer: Descriptor | None) -> dict[str, Any]:
    text = masked_instruction(step.instruction) if step else ""
    word, _space, rest = text.partition(" ")
    if not (word.isupper() and word in KNOWN):
        word, rest = "", text
    return {
        "number": number,
        "word": word,
        "rest": visible(rest.strip(), 4000),
        "text": visible(text or (short(layer.digest) if layer else ""), 400),
        "comment": "",
        "tags": [],
        "bytes": layer.size_bytes if layer else 0,
        "size": filesizeformat(layer.size_bytes) if layer else "",
        "empty": layer is None,
        "layer": layer.digest if layer else "",
        "short": layer.digest.removeprefix("sha256:")[:12] if layer else "",
    }


def _facts(config: Config) -> list[Fact]:
    return [
        Fact(_("Platform"), visible(config.platform), mono=True),
        Fact(_("Created at"), moment(config.created)),
        Fact(_("Author"), visible(config.author)),
        Fact(_("Entrypoint"), argv(config.entrypoint), mono=True),
        Fact(_("Command"), argv(config.command), mono=True),
        Fact(_("Working directory"), visible(config.directory), mono=True),
        Fact(_("User"), visible(config.user) or _("root, unless a container says otherwise")),
        Fact(_("Exposed ports"), visible(", ".join(config.ports)), mono=True),
        Fact(_("Volumes"), visible("\n".join(config.volumes)), mono=True),
        Fact(_("Stop signal"), visible(config.stop_signal), mono=True),
    ]


# -- What belongs to it -------------------------------------------------------------------------


def referrers(registry: Registry, name: str, reference: str, scan: Scan) -> dict[str, Any]:
    """Signatures, SBOMs and the like: by the list of referrers, or by their tags."""
    digest = browsing.digest(registry, name, reference, scan)
    kept = manifest_kept(digest)
    children = [each["digest"] for each in kept.platforms] if kept and kept.kind == "index" else []
    found, supported = referrers_of(registry, name, [digest, *children], scan)
    platforms = {each["digest"]: each["platform"] for each in kept.platforms} if kept else {}
    return {
        "referrers": [_referrer(registry, name, each, platforms) for each in found],
        "supported": supported,
    }


def _referrer(
    registry: Registry, name: str, each: Referrer, platforms: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "name": mark_name(each.name),
        "type": visible(each.artifact_type, 120),
        "of": platforms.get(each.subject, ""),
        "tag": each.tag,
        "short": short(each.digest) if each.digest else each.tag,
        "size": filesizeformat(each.size) if each.size else "",
        "url": image_url(registry, name, each.digest or each.tag),
        "annotations": label_pairs(each.annotations)[:6],
    }


# -- Two compared -------------------------------------------------------------------------------


def comparison(
    registry: Registry, name: str, old: Manifest, new: Manifest, wanted: str
) -> dict[str, Any]:
    """What changed from `old` to `new` on a platform that both have."""
    ours, theirs = _by_platform(old), _by_platform(new)
    both = [platform for platform in ours if platform in theirs]
    platform = wanted if wanted in both else next(iter(both), "")
    said = {
        "old_short": short(old.digest), "new_short": short(new.digest),
        "same": old.digest == new.digest,
        "only_old": [each or "?" for each in ours if each not in theirs],
        "only_new": [each or "?" for each in theirs if each not in ours],
        "choices": [{"name": each or "?", "current": each == platform} for each in both],
    }  # fmt: skip
    if not both:
        return said
    before, after = manifest_kept(ours[platform]), manifest_kept(theirs[platform])
    if before is None or after is None:
        return said | {"torn": True}
    return said | _compared(registry, name, before, after)


def _by_platform(found: Manifest) -> dict[str, str]:
    return {each["platform"]: each["digest"] for each in found.platforms if not each["missing"]}


def _compared(registry: Registry, name: str, old: Manifest, new: Manifest) -> dict[str, Any]:
    before, after = reading.parsed_of(old), reading.parsed_of(new)
    had = {layer.digest: layer for layer in before.layers} if before else {}
    has = {layer.digest: layer for layer in after.layers} if after else {}
    fresh = [layer for digest, layer in has.items() if digest not in had]
    gone = [layer for digest, layer in had.items() if digest not in has]
    shared = [layer for digest, layer in has.items() if digest in had]
    config = reading.config_kept(new)
    made = paired(after.layers if after else (), config.history if config else ())
    steps = {
        layer.digest: step for layer, step in zip(after.layers if after else (), made, strict=True)
    }
    return {
        "pulled": filesizeformat(sum(layer.size_bytes for layer in fresh)),
        "shared_size": filesizeformat(sum(layer.size_bytes for layer in shared)),
        "shared_count": len(shared),
        "fresh": [_layer(layer, steps.get(layer.digest)) for layer in fresh],
        "gone": [_layer(layer, None) for layer in gone],
        "changes": _changes(reading.config_kept(old), config),
        "old_size": filesizeformat(old.size or 0), "new_size": filesizeformat(new.size or 0),
    }  # fmt: skip


def _layer(layer: Descriptor, step: Step | None) -> dict[str, str]:
    return {
        "short": short(layer.digest),
        "size": filesizeformat(layer.size_bytes),
        "text": visible(masked_instruction(step.instruction), 300) if step else "",
    }


def _changes(old: Config | None, new: Config | None) -> list[dict[str, str]]:
    """What of the configuration differs; of variables never the values (F3)."""
    if old is None or new is None:
        return []
    rows = []
    for before, after in zip(_facts(old), _facts(new), strict=True):
        if before.text != after.text:
            rows.append({"label": before.label, "old": before.text, "new": after.text})
    return (
        rows
        + _pairs(_("Variable %(name)s"), environment(old), environment(new), secret=True)
        + _pairs(_("Label %(name)s"), old.labels, new.labels, secret=False)
    )


def _pairs(
    label: str, had: Mapping[str, str], has: Mapping[str, str], *, secret: bool
) -> list[dict[str, str]]:
    return [
        {
            "label": label % {"name": visible(key, 200)},
            "old": _value(had, key, secret=secret),
            "new": _value(has, key, secret=secret),
        }
        for key in sorted(had.keys() | has.keys())
        if had.get(key) != has.get(key)
    ]


def _value(values: Mapping[str, str], key: str, *, secret: bool) -> str:
    if key not in values:
        return ""
    return _("another value") if secret else visible(values[key], 300)
