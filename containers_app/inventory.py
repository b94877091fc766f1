"""Making our container rows say what the engine says."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from containers_app.models import Container
from core.live import publish_on_commit
from engine.client import Engine
from engine.types import ContainerSummary
from hosts_app.models import Host
from images_app.models import Image

TOMBSTONE = timedelta(hours=24)  # how long a vanished container is remembered (R15)
ROUGH_SHARE = 0.55  # "2 hours" may be 1.5 to 3: how far the engine's rounded ages may be off
ROUGH_S = 45.0  # and below that, how many seconds


@dataclass(frozen=True, slots=True)
class Moments:
    """When a container last started and ended, as events told it; 0 where none did."""

    started_ns: int = 0
    finished_ns: int = 0


@transaction.atomic
def write(
    host: Host,
    listed: list[ContainerSummary],
    *,
    only: Collection[str] | None = None,
    moments: Mapping[str, Moments] | None = None,
    unless: Callable[[], bool] = lambda: False,
) -> None:
    """Reconcile under the lock of the host, and tell pages. Nothing where it is gone or `unless`.

    A host that names another engine since this was read is gone, too.
    """
    row = Host.objects.filter(pk=host.pk, url=host.url).select_for_update().first()
    if row is None or unless():
        return
    version = row.version + 1
    changed = reconcile(row, listed, version, only=only, moments=moments)
    if changed:
        row.version = version
    if only is None:
        row.as_of = now()
    if changed or only is None:
        row.save(update_fields=["version", "as_of"])
    publish_on_commit(host.pk, "container", changed)


def read_one(host: Host, engine: Engine, docker_id: str) -> None:
    """Write what the engine says of this container now. Raises EngineError.

    Not where its row was written meanwhile: what we read may be the older of both.
    """
    before = _version_of(host, docker_id)
    listed = engine.containers([docker_id])
    write(host, listed, only=[docker_id], unless=lambda: _version_of(host, docker_id) != before)


def _version_of(host: Host, docker_id: str) -> int | None:
    rows = Container.objects.filter(host=host, docker_id=docker_id)
    return rows.values_list("version", flat=True).first()


@transaction.atomic
def reconcile(
    host: Host,
    listed: list[ContainerSummary],
    version: int,
    *,
    only: Collection[str] | None = None,
    moments: Mapping[str, Moments] | None = None,
) -> set[int]:
    """Upsert what the engine listed and bury what it did not; returns keys of changed rows.

    With `only`, the list was asked for these ids, and says nothing of others. All times are the
    engine's own (R31).
    """
    rows = Container.objects.filter(host=host)
    if only is not None:
        rows = rows.filter(docker_id__in=only)
    known = {row.docker_id: row for row in rows}
    known_moments = moments or {}
    images = dict(Image.objects.filter(host=host).values_list("docker_id", "pk"))
    at, engine_at = now(), now() + timedelta(seconds=host.skew_s)
    new, altered = [], []
    touched = {"status", "confirmed", "version"}
    for item in listed:
        values = _values(item, images)
        _sharpen(values, known_moments.get(item.id))
        row = known.pop(item.id, None)
        if row is not None:
            _keep_name(values, row)
        if row is None:
            new.append(
                Container(host=host, docker_id=item.id, confirmed=at, version=version, **values)
            )
        elif unlike := _unlike(row, values, engine_at, known_moments.get(item.id)):
            touched |= unlike
            for name, value in values.items():
                setattr(row, name, value)
            row.confirmed, row.version, row.gone = at, version, None
            altered.append(row)
    buried = [row for row in known.values() if row.gone is None]
    for row in buried:
        row.gone, row.version = at, version
    Container.objects.bulk_create(new)
    # each field costs a CASE with a branch for every row: of a hundred stops, 4 of 19 differ
    Container.objects.bulk_update(altered, sorted(touched), batch_size=200)
    Container.objects.bulk_update(buried, ["gone", "version"], batch_size=200)
    if only is None:
        Container.objects.filter(host=host, gone__lt=at - TOMBSTONE).delete()
    return {row.pk for row in (*new, *altered, *buried)}


FIELDS = (
    "name", "image_ref", "image_id", "image_row_id", "state", "status", "health", "exit_code",
    "project", "service", "labels", "ports", "port_words", "created", "started", "finished",
)  # fmt: skip


def _values(item: ContainerSummary, images: dict[str, int]) -> dict[str, Any]:
    return {
        "name": item.name,
        "image_ref": item.image[:512],
        "image_id": item.image_id,
        "image_row_id": images.get(item.image_id),
        "state": item.state,
        "status": item.status[:100],
        "health": item.health,
        "exit_code": item.exit_code,
        "project": item.project[:255],
        "service": item.service[:255],
        "labels": item.labels,
        "ports": [
            {
                "container": port.container,
                "protocol": port.protocol,
                "host": port.host,
                "address": port.address,
            }
            for port in item.ports
        ],
        "port_words": _port_words(item),
        "created": item.created,
        "started": item.started,
        "finished": item.finished,
    }


def _keep_name(values: dict[str, Any], row: Container) -> None:
    """Once a tag stands for another image, engines tell the image's id: the name given stays."""
    if values["image_ref"].startswith("sha256:") and values["image_id"] == row.image_id:
        values["image_ref"] = row.image_ref


def _port_words(item: ContainerSummary) -> str:
    numbers = {port.container for port in item.ports} | {port.host for port in item.ports}
    return f",{','.join(str(number) for number in sorted(numbers - {None}, key=str))},"[:400]


def _unlike(
    row: Container, values: dict[str, Any], at: datetime, exact: Moments | None
) -> set[str]:
    """What of the row must be written. Ages alone do not count: "Up 2 hours" becomes 3 by itself.

    Where only the rough ages moved within what their rounding allows, our own finer time stays.
    """
    for name in ("started", "finished"):
        ours, theirs = getattr(row, name), values[name]
        if exact and getattr(exact, f"{name}_ns"):
            continue
        if ours and theirs and _same_within_rounding(ours, theirs, at):
            values[name] = ours
    unlike = {name for name in FIELDS if name != "status" and getattr(row, name) != values[name]}
    return unlike if row.gone is None else unlike | {"gone"}


def _sharpen(values: dict[str, Any], exact: Moments | None) -> None:
    """Put what events told in place of rounded ages, where both speak of the same moment."""
    if exact is None:
        return
    for name, time_ns in (("started", exact.started_ns), ("finished", exact.finished_ns)):
        rough = values[name]
        moment = datetime.fromtimestamp(time_ns / 1e9, tz=UTC)
        if time_ns and rough and abs((rough - moment).total_seconds()) <= ROUGH_S:
            values[name] = moment


def link_images(host: Host) -> None:
    """Let containers point to image rows that were listed after them."""
    images = dict(Image.objects.filter(host=host).values_list("docker_id", "pk"))
    loose = Container.objects.filter(host=host, gone=None, image_row=None)
    found = [row for row in loose.only("image_id") if row.image_id in images]
    for row in found:
        row.image_row_id = images[row.image_id]
    Container.objects.bulk_update(found, ["image_row"], batch_size=200)


def _same_within_rounding(ours: datetime, theirs: datetime, at: datetime) -> bool:
    age_s = max(0.0, (at - theirs).total_seconds())
    return abs((ours - theirs).total_seconds()) <= max(ROUGH_S, age_s * ROUGH_SHARE)
