"""What may be said of an image made of a container, checked before a Job is written (pure)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import FieldError, Invalid
from engine.reference import BadReference, parse
from images_app.building.dockerfile import check
from images_app.building.dockerfile_lines import read

# moby, builder/dockerfile/builder.go: what changes the configuration, and makes no layer
ALLOWED = (
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER",
    "VOLUME", "WORKDIR",
)  # fmt: skip
FIELDS = ("reference", "message", "author", "changes", "pause")
LONGEST_TEXT = 1000  # characters of a message or an author
MOST_CHANGES = 100


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """`said` with the fields of api.md as the Job keeps it. Raises Invalid with each wrong one."""
    wrong = [FieldError(name, _("There is no such field.")) for name in said if name not in FIELDS]
    kept = {
        "reference": _reference(str(said.get("reference") or ""), wrong),
        "message": _text("message", said, wrong),
        "author": _text("author", said, wrong),
        "changes": _changes(said.get("changes") or (), wrong),
        "pause": said.get("pause") is not False,
    }
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    return kept


def _reference(text: str, wrong: list[FieldError]) -> str:
    if not text.strip():
        wrong.append(FieldError("reference", _("What shall the image be called?")))
        return ""
    try:
        found = parse(text.strip()).with_default_tag()
    except BadReference as error:
        wrong.append(FieldError("reference", str(error)))
        return ""
    if found.digest:
        wrong.append(FieldError("reference", _("A name with a tag, without a digest.")))
    return found.familiar


def _text(field: str, said: Mapping[str, Any], wrong: list[FieldError]) -> str:
    text = str(said.get(field) or "").strip()
    if len(text) > LONGEST_TEXT:
        most = _("At most %(most)d characters.") % {"most": LONGEST_TEXT}
        wrong.append(FieldError(field, most))
    return text


def _changes(said: Any, wrong: list[FieldError]) -> list[str]:
    """One instruction each, of lines in one text or of a list."""
    text = said if isinstance(said, str) else "\n".join(str(each) for each in said)
    found = read(text.replace("\r\n", "\n")).instructions
    if len(found) > MOST_CHANGES:
        most = _("At most %(n)d at a time.") % {"n": MOST_CHANGES}
        wrong.append(FieldError("changes", most))
        return []
    kept = []
    for each in found:
        line = f"{each.name} {_flags(each.flags)}{each.rest}".strip()
        if reason := _refusal(each.name, line):
            wrong.append(
                FieldError(
                    "changes",
                    _("Line %(line)d: %(reason)s") % {"line": each.line, "reason": reason},
                )
            )
        kept.append(line)
    return kept


def _flags(flags: tuple[tuple[str, str | None], ...]) -> str:
    return "".join(
        f"--{name}={value} " if value is not None else f"--{name} " for name, value in flags
    )


def _refusal(name: str, line: str) -> str:
    if name not in ALLOWED:
        text = _("%(name)s cannot be changed here; these can: %(names)s.")
        return text % {"name": name[:40], "names": ", ".join(ALLOWED)}
    problems = check(f"FROM scratch\n{line}").errors
    return problems[0].message if problems else ""
