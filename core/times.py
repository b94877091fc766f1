"""Times as people read them in a row."""

from datetime import datetime

from django.utils.translation import pgettext


def age(since: datetime | None, at: datetime) -> str:
    """The time from `since` to `at` in its largest unit: 12s, 5m, 3h, 2d."""
    if since is None:
        return "–"
    return _short(max(0, int((at - since).total_seconds())))


def duration(start: datetime, end: datetime) -> str:
    """How long it took: 0.4s, 12s, 5m."""
    seconds = max(0.0, (end - start).total_seconds())
    if seconds < 10:
        return pgettext("short age", "%(n)ss") % {"n": f"{seconds:.1f}"}
    return _short(int(seconds))


def _short(seconds: int) -> str:
    if seconds < 60:
        return pgettext("short age", "%(n)ds") % {"n": seconds}
    if seconds < 3600:
        return pgettext("short age", "%(n)dm") % {"n": seconds // 60}
    if seconds < 86400:
        return pgettext("short age", "%(n)dh") % {"n": seconds // 3600}
    return pgettext("short age", "%(n)dd") % {"n": seconds // 86400}
