"""Asking for a build: everything is checked first, then the Job is written and queued."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import FieldError, Forbidden, Invalid
from engine.reference import BadReference, parse
from hosts_app.models import Host
from hosts_app.selectors import host_for, may
from images_app.building import spool as build_spool
from images_app.building import tasks  # noqa: F401 - its deeds are registered there
from images_app.building.context import DOCKERFILE, Contents, look, pack
from images_app.building.dockerfile import check
from images_app.building.source import checked_remote
from images_app.models import Build
from jobs_app.models import Job
from jobs_app.services import Wish, ask

ARGUMENT = re.compile(r"[A-Za-z_]\w*", re.ASCII)
NETWORKS = ("", "none", "host")
MOST = 100  # tags, arguments, labels
LONGEST_VALUE = 64 * 1024  # characters
OWN_LABELS = "quarterdeck."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A build as it is asked for; `dockerfile` is a text, or a path in the context or remote."""

    dockerfile: str = ""
    tags: list[str] = field(default_factory=list)
    build_args: dict[str, str] = field(default_factory=dict, repr=False)
    target: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    no_cache: bool = False
    pull: bool = False
    remote: str = ""
    network: str = ""

    @property
    def text(self) -> str:
        """The typed Dockerfile; a path has no space in it, and a Dockerfile always has."""
        return self.dockerfile if len(self.dockerfile.split()) > 1 else ""

    @property
    def path(self) -> str:
        return "" if self.text else self.dockerfile.strip()


def build(
    actor: User,
    host: str,
    wanted: Wanted,
    context: IO[bytes] | None = None,
    *,
    idempotency_key: str = "",
) -> Job:
    """`context` is a seekable tar, read and packed anew before this returns.

    Raises Invalid with every wrong field, and Forbidden for what only an administrator of the
    host may ask for: a git address, and the host's own network.
    """
    place = host_for(actor, host, Role.OPERATOR)
    _require_rights(actor, place, wanted)
    tags = _checked(wanted, with_context=context is not None)
    params = _params(wanted, tags)
    if wanted.remote:
        return _ask(actor, place, wanted, params, "", "", idempotency_key)
    found = look(context, wanted.path or DOCKERFILE) if context else Contents()
    text = _dockerfile(wanted, found)
    name_in_context = wanted.path or DOCKERFILE
    with build_spool.new_file(found.size_bytes) as (name, file):
        pack(context, file, dockerfile=name_in_context, text=wanted.text)
        if context:
            params["context"] = {"files": found.files, "bytes": found.size_bytes}
        return _ask(actor, place, wanted, params, text, name, idempotency_key)


def _dockerfile(wanted: Wanted, found: Contents) -> str:
    """The Dockerfile that will be built, without mistakes that can be seen. Raises Invalid."""
    path = wanted.path or DOCKERFILE
    text = wanted.text or found.dockerfile
    if not text:
        said = _("There is no %(path)s in the context, and none was typed.") % {"path": path}
        raise Invalid.field("dockerfile", said)
    files = found.paths | {path}
    errors = check(text, files=files, target=wanted.target, build_args=wanted.build_args).errors
    if errors:
        wrong = [
            FieldError(
                "target" if each.code == "target" else "dockerfile",
                _("Line %(line)d: %(message)s") % {"line": each.line, "message": each.message}
                if each.line
                else each.message,
            )
            for each in errors
        ]
        raise Invalid(wrong[0].message, errors=wrong)
    return text


def _require_rights(actor: User, host: Host, wanted: Wanted) -> None:
    if may(actor, host, Role.ADMINISTRATOR):
        return
    reasons = {
        _("Only an administrator of the host may have its engine fetch a git repository."): (
            wanted.remote
        ),
        _("Only an administrator of the host may build in its network."): (
            wanted.network == "host"
        ),
    }
    for reason, applies in reasons.items():
        if applies:
            raise Forbidden(reason, hint=_("Ask an administrator of the host."))


def _checked(wanted: Wanted, *, with_context: bool) -> list[str]:
    """The tags as the engine takes them. Raises Invalid with every field that is wrong."""
    if wanted.remote:
        checked_remote(wanted.remote)
        if with_context or wanted.text:
            said = _("With a git address, the Dockerfile and its context come from there.")
            raise Invalid.field("remote", said)
    tags, wrong = [], list(_wrong_fields(wanted))
    for tag in wanted.tags:
        try:
            reference = parse(tag)
            if reference.digest:
                raise BadReference(_("a build cannot be given a digest"))
            tags.append(reference.with_default_tag().familiar)
        except BadReference as error:
            text = _("%(name)s is no name of an image: %(reason)s")
            wrong.append(FieldError("tags", text % {"name": tag[:200], "reason": error}))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    return list(dict.fromkeys(tags))


def _wrong_fields(wanted: Wanted) -> Iterator[FieldError]:
    for name in ("tags", "build_args", "labels"):
        if len(getattr(wanted, name)) > MOST:
            yield FieldError(name, _("At most %(n)d at a time.") % {"n": MOST})
    for name, value in wanted.build_args.items():
        if not ARGUMENT.fullmatch(name):
            text = _("%(name)s is no name for a build argument.") % {"name": name[:60]}
            yield FieldError("build_args", text)
        if len(value) > LONGEST_VALUE:
            yield FieldError(
                "build_args", _("The value of %(name)s is too long.") % {"name": name}
            )
    for name in wanted.labels:
        if not name or name.startswith(OWN_LABELS):
            text = _("%(name)s is no label that a build may set.") % {"name": name[:60] or "“”"}
            yield FieldError("labels", text)
    if wanted.network not in NETWORKS:
        yield FieldError("network", _("One of %(names)s.") % {"names": '"", none, host'})
    if len(wanted.target) > 200:
        yield FieldError("target", _("This is too long."))
    if wanted.path and (wanted.path.startswith("/") or ".." in wanted.path.split("/")):
        yield FieldError("dockerfile", _("The path leads out of the context."))


def _params(wanted: Wanted, tags: list[str]) -> dict[str, Any]:
    """What is kept in the Job and the trail: names of arguments, never their values (F4)."""
    said = {
        "tags": tags,
        "build_args": sorted(wanted.build_args),
        "target": wanted.target,
        "labels": wanted.labels,
        "no_cache": wanted.no_cache,
        "pull": wanted.pull,
        "remote": wanted.remote,
        "network": wanted.network,
        "dockerfile_path": wanted.path,
    }
    return {name: value for name, value in said.items() if value}


@transaction.atomic
def _ask(
    actor: User,
    host: Host,
    wanted: Wanted,
    params: Mapping[str, Any],
    text: str,
    spool: str,
    idempotency_key: str,
) -> Job:
    name = (params.get("tags") or [wanted.remote])[0] or _("an image without a tag")
    secret = json.dumps(wanted.build_args) if wanted.build_args else ""
    wish = Wish("image.build", host, target_name=name[:255], params=dict(params), secret=secret)
    job = ask(actor, wish, idempotency_key=idempotency_key)
    Build.objects.get_or_create(job=job, defaults={"dockerfile": text, "spool": spool})
    return job
