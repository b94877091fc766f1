"""Texts of the pages of builds."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.js_strings.base import Strings, forms


def strings() -> Strings:
    return {
        "build_line": _("Line %(n)s"),
        "build_fine": _("No mistakes found."),
        "build_folder": forms(lambda n: ngettext("%(n)s file chosen", "%(n)s files chosen", n)),
        "build_sending": _("Sending the context…"),
        "build_of": _("%(at)s of %(all)s"),
        "build_matches": forms(lambda n: ngettext("%(n)s match", "%(n)s matches", n)),
        "build_more": _("show %(size)s more"),
        "build_keys": _("Steps"),
        "build_search": _("Search the logs of all steps"),
        "build_next": _("Next match"),
        "build_previous": _("Previous match"),
    }
