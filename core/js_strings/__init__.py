"""Every text that scripts show, in the language of the request, by area.

A value is a text, or its plural forms under the names of `Intl.PluralRules`. Scripts fill in
placeholders like `%(name)s` themselves, so they stay as they are here. Every page has the area
`shell`; a template asks for another with `{% words "logs" %}`.
"""

from collections.abc import Callable

from core.js_strings import builds, images, logs, shell, upload
from core.js_strings.base import Strings

AREAS: dict[str, Callable[[], Strings]] = {
    "shell": shell.strings,
    "logs": logs.strings,
    "builds": builds.strings,
    "images": images.strings,
    "upload": upload.strings,
}


def strings() -> Strings:
    """The texts of all areas; keys are what scripts name."""
    return {key: text for area in AREAS.values() for key, text in area().items()}
