"""A private registry is made on a host: image, container, sign-in, and the record of it."""

import asyncio
import base64
import io
import json
import tarfile
import time

import bcrypt
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role
from core.sealed import seal, unseal
from core.text import visible
from engine.client import Engine
from engine.errors import EngineError, NoSuchObject, Unreachable
from engine.logs import log_chunks
from engine.reference import Reference, parse
from engine.transfers import messages
from engine.types import ContainerSpec, Mount, Port
from hosts_app.connections import connection_for, engine_for
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, Interrupted, report, say
from jobs_app.models import Job
from jobs_app.streaming import Reporter, run_streaming
from registries_app.checking import check, check_before_engine
from registries_app.credentials import engine_auth, target_of
from registries_app.models import Registry
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import RegistryFailed
from registries_app.protocol.targets import Target, domain_of

JOB_LABEL = "quarterdeck.job"  # tells a second attempt what the first one made (R7)
DATA = "/var/lib/registry"
PORT = 5000  # within the container
HTPASSWD = "/quarterdeck/htpasswd"
COST = 10  # of bcrypt: 50 ms for each request that signs in
WAIT_S = 60.0  # for the first answer
LOOK_S = 0.5
LAST_LINES = 10  # of one that did not come up
NEVER_UP = {"exited", "dead", "restarting"}


@deed("registry.make", role=Role.ADMINISTRATOR, repeatable=True, queue="transfers")
def make_registry(job: Job) -> None:
    assert job.host, "a registry is made on a host"
    engine = engine_for(job.host)
    _have_image(job, engine)
    made = engine.container_with_label(JOB_LABEL, str(job.key)) or engine.create(_spec(job))
    say(job, _("container %(id)s") % {"id": made[:12]})
    job.result = {"container": made, "registry": None, "url": job.params["url"]}
    password = unseal(job, "sealed")
    try:
        if password:
            engine.put_files(made, "/", _archive(job.params["username"], password))
        engine.start(made)
        target = Target(job.params["url"], job.params["username"], password)
        _until_it_answers(job, engine, made, target)
    except Unreachable:  # it may run all the same; done again, the job finds it
        raise
    except (Failed, EngineError) as error:
        raise Failed(_taken_away(job, engine, made, str(error))) from error
    registry = _recorded(job, password)
    job.result |= {"registry": registry.slug}
    report_of = check(target_of(registry))
    Registry.objects.filter(pk=registry.pk).update(
        capabilities=report_of.capabilities,
        error=report_of.error,
        checked=now(),
        steps=[
            {"step": each.step, "ok": each.ok, "ms": each.ms, "detail": each.detail}
            for each in report_of.steps
        ],
    )


def _taken_away(job: Job, engine: Engine, made: str, why: str) -> str:
    """Why it failed, and what became of the container that this job made; its volume stays."""
    name = str(job.params["container"])
    try:
        last = engine.container(made)
        say(job, *asyncio.run(_last_lines(job, made, tty=last.tty)))
        engine.remove(made, force=True)
    except EngineError as error:
        left = _("Its container %(name)s remains (%(error)s): remove it before you try again.")
        return f"{why} {left % {'name': name, 'error': error}}"
    job.result = {"container": None, "registry": None, "url": job.params["url"]}
    gone = _("Its container %(name)s was removed; its last lines are in the log of this job.")
    return f"{why} {gone % {'name': name}}"


async def _last_lines(job: Job, made: str, *, tty: bool) -> list[str]:
    assert job.host, "a registry is made on a host"
    connection = connection_for(job.host)
    found: list[str] = []
    async for batch in log_chunks(connection, made, tty=tty, follow=False, tail=LAST_LINES):
        found += [visible(text, 400) for text in batch.texts]
    return found[-LAST_LINES:]


def _have_image(job: Job, engine: Engine) -> None:
    """Pull it where the host has it not."""
    try:
        engine.image(str(job.params["image"]))
    except NoSuchObject:
        _pull(job)


def _pull(job: Job) -> None:
    assert job.host, "a registry is made on a host"
    reference = parse(str(job.params["image"])).with_default_tag()
    check_before_engine(str(reference))
    sign_in = json.dumps(engine_auth(str(reference)) or {}).encode()
    headers = {"X-Registry-Auth": base64.urlsafe_b64encode(sign_in).decode()}
    name = Reference(reference.domain, reference.path).familiar
    params = {"fromImage": name, "tag": reference.digest or reference.tag}
    connection = connection_for(job.host)

    async def follow(reporter: Reporter) -> None:
        async for message in messages(connection, "/images/create", params, headers=headers):
            if words := str(message.get("status") or ""):
                reporter.progress(None, None, words)

    try:
        run_streaming(job, follow)
    except Unreachable as error:
        raise Interrupted(str(error)) from error


def _spec(job: Job) -> ContainerSpec:
    """The registry's own configuration, changed by its environment (docs: configuration)."""
    said = job.params
    environment = {
        "REGISTRY_HTTP_ADDR": f":{PORT}",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": DATA,
        "REGISTRY_STORAGE_DELETE_ENABLED": "true" if said["delete_enabled"] else "false",
    }
    if said["username"]:
        environment |= {
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "quarterdeck",
            "REGISTRY_AUTH_HTPASSWD_PATH": HTPASSWD,
        }
    return ContainerSpec(
        said["image"],
        said["container"],
        environment=environment,
        ports=(Port(PORT, "tcp", said["port"], said["bind"]),),
        mounts=(Mount("volume", said["volume"], DATA),),
        labels={JOB_LABEL: str(job.key)},
        restart="unless-stopped",
    )


def _archive(username: str, password: str) -> bytes:
    """A tar with the one file that the registry reads its sign-in from."""
    digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt(COST))
    text = username.encode() + b":" + digest + b"\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(HTPASSWD.removeprefix("/"))
        entry.size, entry.mode = len(text), 0o444  # whoever the image runs it as must read it
        tar.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def _until_it_answers(job: Job, engine: Engine, made: str, target: Target) -> None:
    """Raises Failed where it ended, or has not answered after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    words = ""
    while time.monotonic() < deadline:
        report(job, text=_("Waiting until it answers."))
        try:
            with Client(target) as client:
                client.ping()
            return
        except RegistryFailed as error:
            words = error.message
        found = engine.container(made)
        if found.state in NEVER_UP:
            raise Failed(
                _("The registry ended at once, with status %(status)s.")
                % {"status": found.exit_code}
            )
        time.sleep(LOOK_S)
    raise Failed(words)


@transaction.atomic
def _recorded(job: Job, password: str) -> Registry:
    """Its record, made once: by this attempt or by one before it."""
    slug, url = str(job.params["slug"]), str(job.params["url"])
    known = Registry.objects.filter(slug=slug).first()
    if known:
        return known
    registry = Registry.objects.create(
        slug=slug,
        name=job.params["name"],
        url=url,
        domain=domain_of(url),
        kind=Registry.Kind.DISTRIBUTION,
        username=job.params["username"],
    )
    if password:
        registry.password_sealed = seal(registry, "password_sealed", password)
        registry.save(update_fields=["password_sealed"])
    audit.record(
        job.actor,
        "registry.create",
        target=slug,
        target_name=registry.name,
        outcome="succeeded",
        url=url,
        username=registry.username,
    )
    return registry
