"""What a user may ask of archives that he sends: load images, import a root file system."""

from collections.abc import Collection, Sequence
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core import spool
from core.errors import Invalid
from core.spool import Upload
from engine.reference import BadReference, parse
from hosts_app.selectors import host_for
from images_app.transferring import load_tasks  # noqa: F401 - the deeds below are registered there
from jobs_app.models import Job
from jobs_app.services import Wish, ask

KINDS = ("image.load", "image.import")
CHANGES = (  # instructions that an import takes: docs.docker.com/reference/cli/docker/image/import
    "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME",
    "WORKDIR",
)  # fmt: skip
MOST_CHANGES = 100
LONGEST = 2000  # characters of a message or a change
BLOCK = 512  # bytes of a tar's header
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")  # engines unpack these


def load(actor: User, host: str, upload: Upload, *, idempotency_key: str = "") -> Job | None:
    """Load the images of an archive, as `docker save` makes it; None while it has not arrived."""
    place = host_for(actor, host, Role.OPERATOR)
    return _asked(actor, Wish("image.load", place), upload, idempotency_key)


def import_(
    actor: User,
    host: str,
    upload: Upload,
    *,
    reference: str = "",
    message: str = "",
    changes: Sequence[str] = (),
    idempotency_key: str = "",
) -> Job | None:
    """Make an image of one layer from the files in an archive; None while it has not arrived."""
    place = host_for(actor, host, Role.OPERATOR)
    name = _name(reference)
    if len(message) > LONGEST:
        raise Invalid.field("message", _("This is too long."))
    said = {"reference": name, "message": message, "changes": _changes(changes)}
    kept = {key: value for key, value in said.items() if value}
    wish = Wish("image.import", place, name, name, kept)
    return _asked(actor, wish, upload, idempotency_key)


def needed(names: Collection[str]) -> set[str]:
    """Which of these files of the spool a job still needs."""
    found = Job.objects.open().filter(kind__in=KINDS, params__upload__in=list(names))
    return {str(params["upload"]) for params in found.values_list("params", flat=True)}


def _asked(actor: User, wish: Wish, upload: Upload, idempotency_key: str) -> Job | None:
    upload.person = actor.pk
    if not upload.name:
        return None
    _require_archive(upload)
    size = filesizeformat(upload.size_bytes)
    said: dict[str, Any] = {**wish.params, "upload": upload.name, "bytes": upload.size_bytes}
    name = wish.target_name or _("an archive of %(size)s") % {"size": size}
    full = Wish(wish.kind, wish.host, wish.target, name, said)
    job = ask(actor, full, idempotency_key=idempotency_key)
    upload.taken = job.params.get("upload") == upload.name
    return job


def _require_archive(upload: Upload) -> None:
    """Raises Invalid for what no engine would take, from its first bytes."""
    with spool.place_of(upload.name).open("rb") as file:
        head = file.read(BLOCK)
    if not head:
        raise Invalid.field("body", _("Nothing was sent."))
    if not (head.startswith(PACKED) or _is_tar(head)):
        raise Invalid.field("body", _("This is no tar archive."))


def _is_tar(head: bytes) -> bool:
    """By the checksum of its first header, which old archives without a magic have too."""
    try:
        said = int(head[148:156].rstrip(b"\0 ") or b"x", 8)
    except ValueError:
        return False
    return len(head) == BLOCK and sum(head[:148]) + 8 * ord(" ") + sum(head[156:]) == said


def _name(text: str) -> str:
    if not text:
        return ""
    try:
        reference = parse(text).with_default_tag()
    except BadReference as error:
        raise Invalid.field("reference", str(error)) from error
    if reference.digest:
        raise Invalid.field("reference", _("A name with a tag, without a digest."))
    return reference.familiar


def _changes(lines: Sequence[str]) -> list[str]:
    found = [line.strip() for line in lines if line.strip()]
    if len(found) > MOST_CHANGES:
        raise Invalid.field("changes", _("At most %(n)d at a time.") % {"n": MOST_CHANGES})
    for line in found:
        word = line.split()[0].upper()
        if word not in CHANGES or len(line) > LONGEST:
            said = _("Not one of %(names)s: %(line)s")
            names = ", ".join(CHANGES)
            raise Invalid.field("changes", said % {"names": names, "line": line[:80]})
    return found
