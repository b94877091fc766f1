"""Texts of the scripts that every page has: shell, keys, lists, verbs, questions, results."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.js_strings.base import Strings, forms


def strings() -> Strings:
    return _shell() | _keys() | _list() | _verbs() | _questions() | _results()


def _shell() -> Strings:
    return {
        "live": pgettext("connection", "Live"),
        "reconnecting": _("Reconnecting"),
        "dismiss": _("Dismiss"),
        "undo": _("Undo"),
        "cancel": _("Cancel"),
        "close": _("Close"),
        "continue": _("Continue"),
        "copied": _("Copied"),
        "copy_failed": _("Your browser did not let us copy. Copy it by hand:"),
        "type_to_confirm": _("Type %(name)s to confirm"),
        "password": _("Password"),
        "password_again": _("Your password again, please"),
        "unreachable": _("The dashboard does not answer. Nothing was changed."),
        "refused": _("The dashboard refused this (%(status)s)."),
        "view_job": _("View job"),
        "job_succeeded": _("Done: %(title)s %(target)s"),
        "job_failed": _("Failed: %(target)s"),
        "job_cancelled": _("Cancelled: %(target)s"),
        "job_interrupted": _("Interrupted: %(target)s"),
        "job_unknown": _("Outcome unknown: %(target)s"),
        "go_to": _("Go to"),
        "actions": _("Actions"),
        "containers": _("Containers"),
        "hosts": _("Hosts"),
        "images": _("Images"),
        "registries": _("Registries"),
        "in_registries": _("In registries"),
        "all_hosts": _("All hosts"),
        "nothing_found": _("Nothing found."),
    }


def _keys() -> Strings:
    return {
        "keys_go": _("Go to"),
        "keys_everywhere": _("Everywhere"),
        "keys_list": _("In a list"),
        "keys_row": _("On the selection, else on the current row"),
        "keys_off": _("Switch single-letter shortcuts off in this browser"),
        "key_help": _("Keyboard shortcuts"),
        "key_palette": _("Search or run a command"),
        "key_navigation": _("Collapse or expand the navigation"),
        "key_filter": _("Filter"),
        "key_next": _("Next row"),
        "key_previous": _("Previous row"),
        "key_select": _("Select row"),
        "key_range": _("Select up to this row"),
        "key_all": _("Select all shown"),
        "key_clear": _("Clear selection"),
        "key_grouping": _("Next grouping"),
        "key_open": _("Open"),
        "key_peek": _("Peek"),
        "key_logs": _("Logs"),
        "key_inspect": _("Inspect"),
        "key_stop": _("Stop or start"),
        "key_restart": _("Restart"),
        "key_pause": _("Pause or unpause"),
        "key_remove": _("Remove…"),
    }


def _list() -> Strings:
    return {
        "selected": forms(lambda n: ngettext("%(n)s selected", "%(n)s selected", n)),
        "on_hosts": forms(lambda n: ngettext("on %(n)s host", "on %(n)s hosts", n)),
        "selected_hidden": forms(
            lambda n: ngettext("%(n)s of them not shown", "%(n)s of them not shown", n)
        ),
        "logs_at_most": _("Logs of at most %(most)s containers can be shown together."),
        "one_at_a_time": _("Select one container for this."),
        "not_applicable": _("This does nothing in the state that these containers are in."),
        "skipped_offline": forms(
            lambda n: ngettext(
                "%(n)s left out: %(hosts)s does not answer",
                "%(n)s left out: %(hosts)s does not answer",
                n,
            )
        ),
        "skipped_rights": forms(
            lambda n: ngettext(
                "%(n)s left out: you may only look at it",
                "%(n)s left out: you may only look at them",
                n,
            )
        ),
        "skipped_locked": forms(
            lambda n: ngettext(
                "%(n)s left out: locked against removal",
                "%(n)s left out: locked against removal",
                n,
            )
        ),
        "why_offline": _("The host does not answer"),
        "why_rights": _("You may only look at this container"),
        "why_locked": _("Locked against removal"),
        "fact_state": pgettext("of a container", "State"),
        "fact_host": _("Host"),
        "fact_image": _("Image"),
        "fact_ports": _("Ports"),
        "fact_id": _("ID"),
        "open_page": _("Open the container's page"),
    }


def _verbs() -> Strings:
    return {
        "stop": _("Stop"),
        "restart": _("Restart"),
        "kill": _("Kill"),
        "remove": _("Remove"),
        "rename": _("Rename"),
        "busy_start": _("Starting…"),
        "busy_stop": _("Stopping…"),
        "busy_restart": _("Restarting…"),
        "busy_pause": _("Pausing…"),
        "busy_unpause": _("Unpausing…"),
        "busy_kill": _("Killing…"),
        "busy_remove": _("Removing…"),
        "busy_rename": _("Renaming…"),
        "busy_run": _("Starting…"),
        "busy_other": _("Working…"),
        "still_start": _("Still starting… %(s)s s"),
        "still_stop": _("Still stopping… %(s)s s"),
        "still_restart": _("Still restarting… %(s)s s"),
        "still_pause": _("Still pausing… %(s)s s"),
        "still_unpause": _("Still unpausing… %(s)s s"),
        "still_kill": _("Still killing… %(s)s s"),
        "still_remove": _("Still removing… %(s)s s"),
        "still_rename": _("Still renaming… %(s)s s"),
        "still_run": _("Still starting… %(s)s s"),
        "still_other": _("Still working… %(s)s s"),
        "do_start": _("Start %(name)s"),
        "do_stop": _("Stop %(name)s"),
        "do_restart": _("Restart %(name)s"),
        "do_pause": _("Pause %(name)s"),
        "do_unpause": _("Unpause %(name)s"),
        "do_kill": _("Kill %(name)s…"),
        "do_remove": _("Remove %(name)s…"),
        "do_start_n": forms(
            lambda n: ngettext("Start %(n)s container", "Start %(n)s containers", n)
        ),
        "do_stop_n": forms(lambda n: ngettext("Stop %(n)s container", "Stop %(n)s containers", n)),
        "do_restart_n": forms(
            lambda n: ngettext("Restart %(n)s container", "Restart %(n)s containers", n)
        ),
        "do_pause_n": forms(
            lambda n: ngettext("Pause %(n)s container", "Pause %(n)s containers", n)
        ),
        "do_unpause_n": forms(
            lambda n: ngettext("Unpause %(n)s container", "Unpause %(n)s containers", n)
        ),
        "do_kill_n": forms(
            lambda n: ngettext("Kill %(n)s container…", "Kill %(n)s containers…", n)
        ),
        "do_remove_n": forms(
            lambda n: ngettext("Remove %(n)s container…", "Remove %(n)s containers…", n)
        ),
    }


def _questions() -> Strings:
    return {
        "stop_title": forms(
            lambda n: ngettext("Stop %(n)s container?", "Stop %(n)s containers?", n)
        ),
        "stop_body": _("Each gets this time to end by itself, then it is killed."),
        "restart_title": forms(
            lambda n: ngettext("Restart %(n)s container?", "Restart %(n)s containers?", n)
        ),
        "restart_body": _("Each is stopped, with this time to end by itself, and started again."),
        "grace": _("Grace period in seconds"),
        "rename_title": _("Rename %(name)s?"),
        "new_name": _("New name"),
        "name_rule": _(
            "A name begins with a letter or digit; then letters, digits and . _ - may follow."
        ),
        "own_title": _("This is the dashboard itself"),
        "own_body": _(
            "The dashboard runs in this container and will not answer while it is down."
        ),
        "kill_title": forms(
            lambda n: ngettext("Kill %(n)s container?", "Kill %(n)s containers?", n)
        ),
        "kill_body": _(
            "The signal goes to the main process. With SIGKILL it ends at once and saves nothing."
        ),
        "signal": _("Signal"),
        "remove_title": forms(
            lambda n: ngettext("Remove %(n)s container?", "Remove %(n)s containers?", n)
        ),
        "remove_body": _("The writable layer is deleted for good. Named volumes are kept."),
        "remove_force": forms(
            lambda n: ngettext(
                "Also kill the one that is running", "Also kill the %(n)s that are running", n
            )
        ),
        "remove_volumes": _("Also delete anonymous volumes"),
    }


def _results() -> Strings:
    return {
        "done_start": _("Started %(name)s"),
        "done_stop": _("Stopped %(name)s"),
        "done_restart": _("Restarted %(name)s"),
        "done_pause": _("Paused %(name)s"),
        "done_unpause": _("Unpaused %(name)s"),
        "done_kill": _("Signal sent to %(name)s"),
        "done_remove": _("Removed %(name)s"),
        "done_rename": _("Renamed %(name)s"),
        "done_lock": _("Locked %(name)s against removal"),
        "done_unlock": _("Lifted the lock of %(name)s"),
        "done_start_n": forms(
            lambda n: ngettext("Started %(n)s container", "Started %(n)s containers", n)
        ),
        "done_stop_n": forms(
            lambda n: ngettext("Stopped %(n)s container", "Stopped %(n)s containers", n)
        ),
        "done_restart_n": forms(
            lambda n: ngettext("Restarted %(n)s container", "Restarted %(n)s containers", n)
        ),
        "done_pause_n": forms(
            lambda n: ngettext("Paused %(n)s container", "Paused %(n)s containers", n)
        ),
        "done_unpause_n": forms(
            lambda n: ngettext("Unpaused %(n)s container", "Unpaused %(n)s containers", n)
        ),
        "done_kill_n": forms(
            lambda n: ngettext(
                "Signal sent to %(n)s container", "Signal sent to %(n)s containers", n
            )
        ),
        "done_remove_n": forms(
            lambda n: ngettext("Removed %(n)s container", "Removed %(n)s containers", n)
        ),
    }
