"""The socket of one job: who may open it, what it tells, and that it ends with the job."""

from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts_app.consumers import Socket
from accounts_app.models import User
from accounts_app.tokens import new_token
from core.live import publish
from hosts_app.models import Host
from jobs_app.lifecycle import finish, report, running, say
from jobs_app.models import Job
from tests import make
from tests.live.communicator import HOST, SocketClient, client_of, opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_sockets_left() -> None:
    Socket.open_by_user.clear()


@pytest.fixture
def job(operator: User, host: Host) -> Job:
    made = make.job(operator, host, target="f" * 64, target_name="web")
    say(made, "queued")
    return made


async def test_it_tells_state_and_lines_until_the_job_has_ended(viewer: User, job: Job) -> None:
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/")
    first = await socket.hear()
    assert (first["t"], first["d"]["state"], first["d"]["position"]) == ("job", "queued", 1)
    lines = await socket.hear()
    assert (lines["t"], lines["d"], lines["next"], len(lines["at"])) == ("lines", ["queued"], 1, 1)
    await _work(job)
    told = [await socket.hear()]
    while told[-1] is not None:
        told.append(await socket.hear())
    jobs = [each["d"] for each in told if each and each["t"] == "job"]
    lines = [line for each in told if each and each["t"] == "lines" for line in each["d"]]
    assert jobs[-1]["state"] == "succeeded"
    assert lines == ["running", "half way", "succeeded"]
    assert socket.close_code == 1000


async def test_a_second_viewer_and_one_from_a_later_line_are_told_the_same(
    viewer: User, operator: User, job: Job
) -> None:
    await database_sync_to_async(finish_by_hand)(job)
    heard = []
    for who, after in ((viewer, 0), (operator, 0), (viewer, 2)):
        socket = await opened(who, f"/ws/jobs/{job.pk}/?after={after}")
        said = [await socket.hear(), await socket.hear()]
        heard.append(
            [pair for each in said if each and each["t"] == "lines" for pair in lines(each)]
        )
    assert heard[0] == heard[1]
    assert [text for _at, text in heard[0]] == ["queued", "one", "two", "three"]
    assert heard[2] == heard[0][2:]


def finish_by_hand(job: Job) -> None:
    say(job, "one", "two", "three")
    Job.objects.filter(pk=job.pk).update(state=Job.State.SUCCEEDED)


def lines(message: dict[str, Any]) -> list[tuple[str, str]]:
    return list(zip(message["at"], message["d"], strict=True))


async def test_what_is_new_is_told_at_a_hint_and_not_at_the_next_look(
    viewer: User, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs_app.consumers.LOOK_S", 60.0)
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/")
    await socket.hear()
    await socket.hear()
    await _work(job)
    assert (await socket.hear(timeout_s=3))["t"] == "job"
    assert await socket.closed_with(timeout_s=3) == 1000


async def test_a_lost_hint_costs_a_second(viewer: User, job: Job) -> None:
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/")
    await socket.hear()
    await socket.hear()
    await Job.objects.filter(pk=job.pk).aupdate(text="no hint was sent")
    assert (await socket.hear(timeout_s=3))["d"]["text"] == "no hint was sent"
    await socket.leave()


async def test_it_goes_on_after_the_line_that_it_is_given(viewer: User, job: Job) -> None:
    await database_sync_to_async(say)(job, "second")
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/?after=1")
    await socket.hear()
    lines = await socket.hear()
    assert (lines["d"], lines["next"]) == (["second"], 2)
    await socket.leave()


async def test_a_hint_for_another_job_tells_nothing(viewer: User, job: Job) -> None:
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/")
    await socket.hear()
    await socket.hear()
    await database_sync_to_async(publish)(job.host_id, "job", [job.pk + 1])
    assert await socket.silent()
    await socket.leave()


@pytest.mark.parametrize("number", [999_999, 10**30])
async def test_a_job_that_does_not_exist_is_4404(viewer: User, number: int) -> None:
    socket = await opened(viewer, f"/ws/jobs/{number}/")
    assert await socket.closed_with() == 4404


async def test_a_job_of_an_unseen_host_looks_the_same(stranger: User, job: Job) -> None:
    socket = await opened(stranger, f"/ws/jobs/{job.pk}/")
    assert await socket.closed_with() == 4404


@pytest.mark.parametrize("after", ["x", "-1", "1" * 40, "²"])
async def test_a_number_that_is_none_is_refused(viewer: User, job: Job, after: str) -> None:
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/?after={after}")
    assert await socket.closed_with() == 1008


async def test_nobody_without_an_account_gets_in(job: Job) -> None:
    client = await database_sync_to_async(client_of)(None, f"/ws/jobs/{job.pk}/")
    assert not await client.connect()


async def test_a_script_follows_it_with_its_token(viewer: User, job: Job) -> None:
    make_token = database_sync_to_async(new_token)
    _row, token = await make_token(viewer, "ci", "read", hosts=None, expires=None)
    headers = [(b"host", HOST.encode()), (b"authorization", f"Bearer {token}".encode())]
    socket = SocketClient(f"/ws/jobs/{job.pk}/", headers)
    assert await socket.connect()
    assert (await socket.hear())["t"] == "job"
    await socket.leave()


async def test_who_loses_the_host_loses_the_socket(viewer: User, job: Job) -> None:
    socket = await opened(viewer, f"/ws/jobs/{job.pk}/")
    await socket.hear()
    await socket.hear()
    await viewer.grants.all().adelete()
    assert await socket.closed_with() in {4403, 4404}


@database_sync_to_async
def _work(job: Job) -> None:
    with running(job.pk) as held:
        assert held
        say(held, "half way")
        report(held, progress=0.5)
        finish(held, Job.State.SUCCEEDED)
