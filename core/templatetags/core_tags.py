"""Template tags that several apps use. None of them queries."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import escape, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core.js_strings import AREAS

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: str = "") -> SafeString:
    """One icon of the sprite by its Lucide name; size "s" for 14 px. The word is beside it.

    A tag and not an include: a page has eighty of them, and includes were half of its time.
    """
    css = f"i {size}".strip()
    address = f"{static('vendor/icons.svg')}#{name}"
    return SafeString(
        f'<svg class="{escape(css)}" aria-hidden="true"><use href="{escape(address)}"/></svg>'
    )


@register.simple_tag
def words(area: str) -> SafeString:
    """The texts of scripts of one area, as `core/i18n.js` reads them."""
    return _words(area, get_language())


@lru_cache(maxsize=64)
def _words(area: str, _language: str) -> SafeString:
    return json_script(AREAS[area](), f"words-{area}")
