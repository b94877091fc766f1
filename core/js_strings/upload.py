"""Texts of the pages that send an archive."""

from django.utils.translation import gettext as _

from core.js_strings.base import Strings


def strings() -> Strings:
    return {
        "upload_choose": _("Choose a file first."),
        "upload_sent": _("%(done)s of %(total)s · %(rate)s/s · %(left)s left"),
        "upload_whole": _("Sent; the dashboard looks at it…"),
        "upload_stopped": _("Stopped. What had arrived is deleted."),
        "upload_broken": _("The connection broke off. What had arrived is deleted."),
    }
