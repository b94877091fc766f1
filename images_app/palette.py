"""What the palette finds of images, wherever they are."""

from functools import reduce

from django.db.models import Q

from accounts_app.models import User
from images_app.listing import anywhere
from images_app.rows import name_of
from images_app.selectors import images_for

MOST = 20


def entries(user: User, words: str) -> list[dict[str, str]]:
    """Images with a name that have every word somewhere."""
    parts = words.split()
    if not parts:
        return []
    match = reduce(Q.__and__, (anywhere(part) for part in parts))
    rows = images_for(user).defer("labels").filter(match).order_by("tags", "host__name")
    return [
        {
            "kind": "image",
            "label": row.label,
            "hint": row.host.name,
            "glyph": "unknown" if row.stale else "created",
            "url": f"/h/{row.host.slug}/i/{name_of(row)}/",
        }
        for row in rows.exclude(tags=[])[:MOST]
    ]
