"""Texts of the list of images."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.js_strings.base import Strings, forms


def strings() -> Strings:
    return {
        "image_gone": _("It is gone from this host"),
        "image_in_use": _("A container uses it"),
        "image_only_tag": _("This is its only tag"),
        "image_no_tag": _("It has no tag to be pushed by"),
        "image_why_rights": _("You may only look at this image"),
        "image_one_at_a_time": _("Select one image for this."),
        "image_not_applicable": _("Something is being done with it already."),
        "image_looking": _("Looking for newer images"),
        "image_compare_two": _("Select two images to compare."),
        "image_save_one_host": _("One file holds images of one host only."),
        "busy_tag": _("Tagging…"),
        "busy_untag": _("Untagging…"),
        "image_remove_title": forms(
            lambda n: ngettext("Remove %(n)s image?", "Remove %(n)s images?", n)
        ),
        "image_remove_body": _("They go with all their tags. They can be pulled or built again."),
        "image_stay": forms(
            lambda n: ngettext(
                "%(n)s is in use by a container and stays:",
                "%(n)s are in use by containers and stay:",
                n,
            )
        ),
        "image_stay_label": _("In use, stays"),
        "image_tag": _("Add the tag"),
        "image_tag_title": _("Add a tag to %(name)s"),
        "image_tag_body": _("An image of this host that has the tag now loses it."),
        "image_tag_label": _("New tag, such as registry.example/team/app:1.0"),
        "image_untag": _("Take it away"),
        "image_untag_title": _("Take a tag of %(name)s away?"),
        "image_untag_body": _("The image stays, by its other tags."),
        "image_untag_label": _("Tag"),
        "do_image_remove": _("Remove %(name)s…"),
        "do_image_remove_n": forms(
            lambda n: ngettext("Remove %(n)s image…", "Remove %(n)s images…", n)
        ),
        "done_image_remove": _("Removed %(name)s"),
        "done_image_remove_n": forms(
            lambda n: ngettext("Removed %(n)s image", "Removed %(n)s images", n)
        ),
        "done_image_tag": _("Tagged %(name)s"),
        "done_image_untag": _("Took a tag of %(name)s away"),
        "open_image_page": _("Open the image's page"),
        "fact_users": _("Used by"),
        "fact_digest": _("Digest"),
        "fact_size": _("Size"),
    }
