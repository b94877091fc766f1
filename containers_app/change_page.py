"""The changes of a container as its page shows them: a level of a tree, or a list of paths."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from containers_app.changes import KINDS, Counts, Entry, counts, level, narrowed, parents
from containers_app.models import Container
from core.errors import Invalid
from core.listing import Page, address, kept, pager, whole_number
from core.text import visible
from engine.types import FileChange

PAGE_SIZE = 100
GLYPHS = {"added": "+", "changed": "~", "deleted": "−"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, checked."""

    folder: str = ""
    kind: str = ""
    words: str = ""
    number: int = 1
    sizes: bool = False

    @property
    def flat(self) -> bool:
        """Whether whole paths are listed, and no tree."""
        return bool(self.kind or self.words.strip())


def read(params: QueryDict) -> Asked:
    """Raises Invalid."""
    kind = params.get("kind", "")
    if kind and kind not in KINDS:
        raise Invalid.field("kind", _("One of %(names)s.") % {"names": ", ".join(KINDS)})
    number = whole_number(params.get("page", ""), field="page", least=1, most=10**6, default=1)
    folder = params.get("folder", "").rstrip("/")
    return Asked(folder, kind, params.get("q", "")[:400], number, params.get("sizes") == "1")


def entries_of(asked: Asked, found: list[FileChange]) -> list[Entry]:
    """The lines to show, of which a page shows some."""
    if asked.flat:
        listed = narrowed(found, kind=asked.kind, words=asked.words)
        return [Entry(each.path, each.path, each.kind) for each in listed]
    return level(found, asked.folder)


def page_of(asked: Asked, total: int) -> Page:
    return Page(min(asked.number, max(1, -(-total // PAGE_SIZE))), PAGE_SIZE, total)


def context(
    container: Container,
    asked: Asked,
    params: QueryDict,
    found: list[FileChange],
    entries: list[Entry],
    page: Page,
) -> dict[str, Any]:
    """What containers_app/_changes.html shows; sizes come from `with_sizes`."""
    path = reverse("containers:changes", args=[container.host.slug, container.name])
    return {
        "entries": [_entry(path, each) for each in entries[page.start : page.stop]],
        "page": pager(path, params, page),
        "chips": _chips(path, params, asked, counts(found)),
        "crumbs": [
            {"name": visible(name, 400), "url": address(path, QueryDict(), folder=folder)}
            for name, folder in parents(asked.folder)
        ],
        "root_url": path,
        "q": asked.words,
        "kept": kept(params, "kind"),
        "flat": asked.flat,
        "total": len(found),
        "sizes_url": ""
        if asked.sizes
        else address(path, params, sizes="1", page=params.get("page")),
    }


def with_sizes(shown: dict[str, Any], whole: int, sizes: dict[str, int]) -> dict[str, Any]:
    for each in shown["entries"]:
        size = sizes.get(each["key"])
        each["size"] = "" if size is None else filesizeformat(size)
    return shown | {"measured": filesizeformat(whole)}


def _entry(path: str, entry: Entry) -> dict[str, Any]:
    words = kind_words()
    return {
        "key": entry.path,
        "name": visible(entry.name, 1000),
        "kind": entry.kind,
        "word": words.get(entry.kind, ""),
        "sign": GLYPHS.get(entry.kind, ""),
        "url": address(path, QueryDict(), folder=entry.path) if entry.is_folder else "",
        "below": [
            {"kind": kind, "sign": GLYPHS[kind], "n": n, "word": words[kind]}
            for kind in KINDS
            if (n := getattr(entry.below, kind))
        ],
        "size": "",
    }


def kind_words() -> dict[str, str]:
    return {
        "added": pgettext("a file", "added"),
        "changed": pgettext("a file", "changed"),
        "deleted": pgettext("a file", "deleted"),
    }


def _chips(path: str, params: QueryDict, asked: Asked, n: Counts) -> list[dict[str, Any]]:
    labels = {"": _("All"), **kind_words()}
    return [
        {
            "key": key or "all",
            "label": label[:1].upper() + label[1:],
            "n": getattr(n, key) if key else n.total,
            "url": address(
                path, params, kind="" if key == asked.kind else key, folder="", sizes=""
            ),
            "pressed": key == asked.kind,
        }
        for key, label in labels.items()
    ]
