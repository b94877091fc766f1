"""The list of registries and the record of one. Drawn from what is stored; nobody is asked."""

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import User
from accounts_app.signin import step_up_due
from registries_app.models import Registry, Repository, Tag
from registries_app.rows import ability_rows, budget_row, rows_of, stage_rows
from registries_app.selectors import mirrors_of_domain, registries_for


def list_context(user: User, words: str) -> dict[str, Any]:
    """Those whose name or address has every word."""
    found = registries_for(user)
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(url__icontains=word))
    registries = list(found)
    listed = Q(repositories__listed=True) | Q(repositories__pinned=True)
    counts = Registry.objects.annotate(n=Count("repositories", filter=listed))
    return {
        "rows": rows_of(registries, dict(counts.values_list("pk", "n"))),
        "q": words,
        "may_add": user.is_administrator,
    }


def record_context(user: User, registry: Registry) -> dict[str, Any]:
    mirrors = mirrors_of_domain(registry.domain) if registry.mirror_of is None else []
    return {
        "registry": registry,
        "row": rows_of([registry])[0],
        "stages": stage_rows(registry) if registry.checked else [],
        "abilities": ability_rows(registry),
        "mirrors": rows_of(mirrors),
        "budget": budget_row(registry),
        "hangs": hanging(registry),
        "may_edit": user.is_administrator,
        "ask_password": user.is_administrator and step_up_due(user),
    }


def hanging(registry: Registry) -> list[str]:
    """What is lost when it is forgotten, line by line."""
    repositories = Repository.objects.filter(registry=registry).count()
    pinned = Repository.objects.filter(registry=registry, pinned=True).count()
    tags = Tag.objects.filter(repository__registry=registry).count()
    mirrors = registry.mirrors.count()
    lines = []
    if registry.signs_in:
        lines.append(
            _("Its sign-in: engines pull from %(domain)s without one from then on.")
            % {"domain": registry.domain}
        )
    if repositories:
        lines.append(
            ngettext(
                "What is known of %(n)d repository and its tags (%(tags)d).",
                "What is known of %(n)d repositories and their tags (%(tags)d).",
                repositories,
            )
            % {"n": repositories, "tags": tags}
        )
    if pinned:
        words = ngettext("%(n)d pinned repository.", "%(n)d pinned repositories.", pinned)
        lines.append(words % {"n": pinned})
    if mirrors:
        words = ngettext(
            "%(n)d mirror of it becomes a registry of its own.",
            "%(n)d mirrors of it become registries of their own.",
            mirrors,
        )
        lines.append(words % {"n": mirrors})
    return lines
