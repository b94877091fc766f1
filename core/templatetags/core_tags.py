"""Template tags that several apps use. None of them queries."""

from functools import lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import escape, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info

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


class _Still(template.Node):
    def __init__(self, content: template.NodeList) -> None:
        self.content = content
        self.drawn: dict[str, SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        language = get_language()
        if language not in self.drawn:
            self.drawn[language] = self.content.render(context)
        return self.drawn[language]


@register.tag
def still(parser: template.base.Parser, _token: template.base.Token) -> _Still:
    """`{% still %}…{% endstill %}`: what depends on nothing but the language is drawn once.

    Half of a page's time was spent on drawing its frame again.
    """
    content = parser.parse(("endstill",))
    parser.delete_first_token()
    return _Still(content)


@register.simple_tag
@lru_cache(maxsize=1)
def languages() -> list[dict[str, str]]:
    """Code and own name of each language."""
    return [
        {"code": code, "name": str(get_language_info(code)["name_local"])}
        for code, _name in settings.LANGUAGES
    ]
