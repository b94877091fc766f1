"""Adding, changing, checking and forgetting registries: audited, and for administrators only."""

from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import User
from accounts_app.signin import require_step_up
from core.errors import Conflict, Forbidden
from core.sealed import seal
from registries_app import checking
from registries_app.credentials import target_of
from registries_app.models import Index, Registry
from registries_app.protocol import limits
from registries_app.protocol.targets import domain_of, plain_url
from registries_app.selectors import repository_to_try
from registries_app.spec import RegistrySpec, validate

RESERVED = {"copy", "search", "new"}  # words of addresses


def save(
    actor: User, spec: RegistrySpec, registry: Registry | None = None, *, password: str = ""
) -> Registry:
    """Add a registry, or change `registry`; then check it, which may fail without harm.

    Raises Forbidden, Invalid, StepUpRequired.
    """
    _require_administrator(actor)
    validate(spec, registry)
    require_step_up(actor, password)
    saved = _stored(actor, spec, registry)
    limits.forget(saved.url)
    _keep(saved, checking.check(target_of(saved), repository_to_try(saved)))
    return saved


def ensure_first(spec: RegistrySpec) -> None:
    """Add the private registry that `make run` started, unless some registry is known already."""
    if not Registry.objects.exists():
        saved = _stored(None, spec, None)
        _keep(saved, checking.check(target_of(saved), ""))


def check(actor: User, registry: Registry) -> checking.Report:
    """What it can do, step by step; kept with the registry."""
    _require_administrator(actor)
    audit.record(
        actor, "registry.check", target=registry.slug, target_name=registry.name, url=registry.url
    )
    report = checking.check(target_of(registry), repository_to_try(registry))
    _keep(registry, report)
    return report


@transaction.atomic
def choose_mirror(actor: User, mirror: Registry) -> None:
    """Pulls of the registry that it serves try this mirror before all others."""
    _require_administrator(actor)
    if mirror.mirror_of is None:
        raise Conflict(_("This registry is no mirror of another one."))
    audit.record(
        actor,
        "registry.mirror",
        target=mirror.slug,
        target_name=mirror.name,
        outcome="succeeded",
        of=mirror.mirror_of.slug,
    )
    mirror.mirror_chosen = now()
    mirror.save(update_fields=["mirror_chosen"])


@transaction.atomic
def remove(actor: User, registry: Registry, *, password: str = "") -> None:
    """Forget it and its sign-in; what is stored on it stays."""
    _require_administrator(actor)
    require_step_up(actor, password)
    audit.record(
        actor,
        "registry.delete",
        target=registry.slug,
        target_name=registry.name,
        outcome="succeeded",
    )
    Registry.objects.filter(mirror_of=registry).update(mirror_of=None, mirror_kind="")
    registry.delete()


@transaction.atomic
def _stored(actor: User | None, spec: RegistrySpec, registry: Registry | None) -> Registry:
    new = registry is None
    if registry is None:
        registry = Registry(slug=free_slug(spec.name))
    else:
        registry = Registry.objects.select_for_update().get(pk=registry.pk)
    registry.name, registry.url = spec.name.strip(), plain_url(spec.url)
    audit.record(
        actor,
        "registry.create" if new else "registry.update",
        target=registry.slug,
        target_name=registry.name,
        outcome="succeeded",
        url=registry.url,
        username=spec.username,
        skip_verify=spec.skip_verify,
        realms=list(spec.realms),
    )
    registry.domain, registry.kind = domain_of(registry.url), spec.kind
    registry.username, registry.ca = spec.username, spec.ca
    registry.skip_verify, registry.realms = spec.skip_verify, list(spec.realms)
    registry.mirror_of = Registry.objects.filter(slug=spec.mirror_of or None).first()
    registry.mirror_kind = spec.mirror_kind if spec.mirror_of else ""
    registry.mirror_prefix = spec.mirror_prefix if spec.mirror_of else ""
    registry.version += 1
    registry.budget = None  # another account has another
    registry.save()  # a seal needs the row's key
    Index.objects.filter(registry=registry).update(failures=0, retry_at=None)
    for name in ("password", "cert", "key"):
        secret = getattr(spec, name)
        if secret is not None:
            column = f"{name}_sealed"
            setattr(registry, column, seal(registry, column, secret))
    registry.save()
    return registry


def _keep(registry: Registry, report: checking.Report) -> None:
    registry.steps = [
        {"step": each.step, "ok": each.ok, "ms": each.ms, "detail": each.detail}
        for each in report.steps
    ]
    registry.capabilities, registry.error = report.capabilities, report.error
    registry.checked = now()
    registry.save(update_fields=["steps", "capabilities", "error", "checked"])


def free_slug(name: str) -> str:
    """A short name for addresses that no registry has yet."""
    base = slugify(name)[:50] or "registry"
    if base in RESERVED:
        base = f"registry-{base}"
    taken = set(Registry.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for n in range(2, 10_000) if (slug := f"{base}-{n}") not in taken)


def _require_administrator(actor: User) -> None:
    if not actor.is_administrator:
        raise Forbidden(_("Only administrators of all hosts may do this."))
