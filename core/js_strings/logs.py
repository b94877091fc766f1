"""Texts of the log view."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.js_strings.base import Strings, forms


def strings() -> Strings:
    return {
        "log_following": _("Following"),
        "log_paused": pgettext("log view", "Paused"),
        "log_connecting": _("Connecting…"),
        "log_none": _("No lines yet."),
        "log_rate": forms(lambda n: ngettext("%(n)s line/s", "%(n)s lines/s", n)),
        "log_held": forms(lambda n: ngettext("%(n)s line held", "%(n)s lines held", n)),
        "log_most": _("At most %(most)s lines are held; older ones are let go."),
        "log_skipped": forms(lambda n: ngettext("%(n)s line skipped", "%(n)s lines skipped", n)),
        "log_gap": forms(
            lambda n: ngettext(
                "%(n)s line is missing here: this browser was too slow",
                "%(n)s lines are missing here: this browser was too slow",
                n,
            )
        ),
        "log_gap_unknown": _("Lines may be missing here: the engine has let go of them"),
        "log_beginning": _("This is the first line that the engine still has."),
        "log_reading": _("Reading…"),
        "log_reading_failed": _("These lines could not be read. Scroll to try again."),
        "log_unread": _("One log could not be read:"),
        "log_earlier": _("earlier lines"),
        "log_new": forms(lambda n: ngettext("%(n)s new line", "%(n)s new lines", n)),
        "log_jump": _("Jump to the end"),
        "log_picked": forms(lambda n: ngettext("%(n)s line picked", "%(n)s lines picked", n)),
        "log_copied": forms(lambda n: ngettext("Copied %(n)s line", "Copied %(n)s lines", n)),
        "log_of": _("%(at)s of %(all)s"),
        "log_matches": forms(lambda n: ngettext("%(n)s match", "%(n)s matches", n)),
        "log_bad_pattern": _("Not a regular expression"),
        "log_more": _("show %(size)s more"),
        "log_time_local": _("Local time"),
        "log_time_utc": pgettext("time", "UTC"),
        "log_time_off": _("No times"),
        "log_stalled": _("%(host)s does not answer. New lines come when it is back."),
        "log_lost": _("The connection is lost. It goes on where it was as soon as it is back."),
        "log_exited": _("Exited (%(code)s). If it is started again, its lines go on here."),
        "log_removed": _(
            "The container was removed. What you see is all that is left of its log."
        ),
        "log_replaced": _("Another container has its name now."),
        "log_unreadable": _("The log driver of this container keeps nothing that can be read."),
        "log_started": _("Started again"),
        "log_ended": _("Exited (%(code)s)"),
        "log_source_exited": _("%(name)s: exited (%(code)s)"),
        "log_source_removed": _("%(name)s: removed"),
        "log_source_replaced": _("%(name)s: removed, and another container has its name now"),
        "log_source_unreadable": _("%(name)s: its log cannot be read. %(detail)s"),
        "log_source_started": _("%(name)s: started again"),
        "log_source_missing": _("%(name)s is not there any more"),
        "log_sources_none": _(
            "No container matches this selection. One that does joins by itself."
        ),
        "log_sources_most": _("%(matching)s containers match; at most %(most)s are read."),
        "log_whole_begins": _("Searching…"),
        "log_whole_what": _("Say what to search for."),
        "log_whole_progress": _("%(hits)s found in %(size)s, %(done)s of %(of)s logs done"),
        "log_whole_end": _("%(hits)s found in %(size)s."),
        "log_whole_first": _("The first %(most)s are shown."),
        "log_whole_cut": _("There was more than one search takes: not all was searched."),
        "log_whole_stopped": _("Stopped; %(hits)s shown."),
        "log_whole_broken": _("The search has broken off. Try again."),
        "log_refused": _("You may not see this host any more."),
        "log_unknown": _("There is no such container any more."),
        "log_too_many": _("Too many pages of yours are open. Close some, then try again."),
        "log_follow_new": _("Follow the new one"),
        "log_try_again": _("Try again"),
        "log_to_list": _("To the list of containers"),
        "log_to_host": _("To the host"),
        "keys_log": _("In a log"),
        "key_log_follow": _("Follow or pause"),
        "key_log_search": _("Search the lines that are held"),
        "key_log_next": _("Next match"),
        "key_log_previous": _("Previous match"),
        "key_log_only": _("Only lines that match"),
        "key_log_case": _("Match case"),
        "key_log_regex": _("Regular expression"),
        "key_log_wrap": _("Wrap lines"),
        "key_log_time": _("Local time, UTC, or no times"),
        "key_log_when": _("Go to a time"),
        "key_log_end": _("Newest line"),
        "key_log_start": _("Oldest line that is held"),
        "key_log_copy": _("Copy the picked lines"),
        "key_log_full": _("Full screen"),
        "key_log_clear": _("Unpick lines"),
    }
