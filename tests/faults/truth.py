"""What has to be true after every fault: the one function that all of these tests end with."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from launch import kernel
from tests.faults.fleet import FINAL, Asked, Fleet, is_live, shown
from tests.run.running import PARTS, until

LOOKS = {  # the engine's state → how a row of ours may look
    "running": {"running"},
    "exited": {"exited", "failed"},
    "paused": {"paused"},
    "created": {"created"},
}
AFTER = {"start": "running", "restart": "running", "unpause": "running", "run": "running",
         "pause": "paused", "stop": "exited"}  # fmt: skip
STARTS = ("start", "restart", "run")


def check(fleet: Fleet, wave: Sequence[Asked], *, engine_lived: bool, seconds: float) -> None:
    """Every job has ended once, nothing was done twice, and everybody is shown the truth.

    `engine_lived`: its containers are as the jobs left them. `seconds` is how long jobs may
    take to end.
    """
    jobs = [each.job for each in wave]
    until(
        lambda: fleet.ended(jobs) == len(jobs),
        seconds=seconds,
        what=f"all jobs end\n{fleet.running.console[-2000:]}",
    )
    each_ended_once(fleet, jobs)
    nothing_was_done_twice(fleet, wave)
    if engine_lived:
        what_succeeded_is_so(fleet, wave)
    rows_are_what_the_engine_lists(fleet)
    no_process_is_orphaned(fleet)
    browsers_show_the_truth(fleet)


def each_ended_once(fleet: Fleet, jobs: Sequence[int]) -> None:
    states = fleet.told_of(jobs)
    outcomes: defaultdict[int, list[str]] = defaultdict(list)
    for job, outcome in fleet.sql(
        "SELECT job, outcome FROM accounts_app_auditentry WHERE action != 'job.cancel'"
    ):
        outcomes[job].append(outcome)
    ends: defaultdict[int, list[str]] = defaultdict(list)
    for job, text in fleet.sql("SELECT job_id, text FROM jobs_app_jobline ORDER BY n"):
        if (word := text.partition(":")[0]) in FINAL:
            ends[job].append(word)
    for job in jobs:
        assert ends[job] == [states[job]], fleet.lines(job)
        assert sorted(outcomes[job]) == sorted(["requested", states[job]]), fleet.lines(job)


def nothing_was_done_twice(fleet: Fleet, wave: Sequence[Asked]) -> None:
    states = dict(fleet.sql("SELECT id, state FROM jobs_app_job"))
    keys = dict(fleet.sql("SELECT id, key FROM jobs_app_job"))
    made = Counter(
        str(one["Labels"].get("quarterdeck.job", "")).replace("-", "")
        for one in fleet.engine.api("GET", "/containers/json?all=1")
    )
    due = [each for each in wave if each.action in STARTS and states[each.job] == "succeeded"]

    def silent() -> list[Asked]:
        return [each for each in due if fleet.started(each.name) == each.before]

    try:
        until(lambda: not silent(), seconds=10, what="what was started has written it down")
    except AssertionError as error:
        states_now = fleet.containers()
        told = [(each, states_now.get(each.name), fleet.lines(each.job)) for each in silent()]
        raise AssertionError(f"{error}: {told}") from error
    for each in wave:
        starts = fleet.started(each.name) - each.before
        wanted = {1} if states[each.job] == "succeeded" else {0, 1}
        allowed = wanted if each.action in STARTS else {0}
        assert starts in allowed, (each, starts, states[each.job], fleet.lines(each.job))
        if each.action == "run":
            assert made[keys[each.job].replace("-", "")] in wanted, (each, fleet.lines(each.job))


def what_succeeded_is_so(fleet: Fleet, wave: Sequence[Asked]) -> None:
    states = dict(fleet.sql("SELECT id, state FROM jobs_app_job"))
    containers = fleet.containers()
    for each in wave:
        if states[each.job] == "succeeded":
            assert containers[each.name][1] == AFTER[each.action], (each, fleet.lines(each.job))


def rows_are_what_the_engine_lists(fleet: Fleet) -> None:
    query = "SELECT docker_id, name, state FROM containers_app_container WHERE gone IS NULL"

    def same() -> bool:
        listed = {(found, name, state) for name, (found, state) in fleet.containers().items()}
        return set(fleet.sql(query)) == listed

    until(same, seconds=10, what="the rows are what the engine lists")


def no_process_is_orphaned(fleet: Fleet) -> None:
    """Below the supervisor there are its parts and nothing else, and no part has children."""
    running = fleet.running
    parts = {running.pid(part) for part in PARTS}
    assert set(kernel.children(running.process.pid)) == parts
    assert [pid for pid, parent in kernel.processes() if parent in parts] == []
    assert set(running.left()) <= parts | {running.process.pid}
    running.remember()


def browsers_show_the_truth(fleet: Fleet) -> None:
    def true(page: Page) -> bool:
        rows, listed = shown(page), fleet.containers()
        return rows.keys() == listed.keys() and all(
            rows[name][0] == docker_id and rows[name][1] in LOOKS[state] and not rows[name][2]
            for name, (docker_id, state) in listed.items()
        )

    def differs() -> str:
        listed = fleet.containers()
        return str([
            {name: (row[1], listed.get(name, ("", ""))[1]) for name, row in shown(page).items()
             if row[1] not in LOOKS.get(listed.get(name, ("", ""))[1], ()) or row[2]}
            | {name: ("not shown", listed[name][1]) for name in listed.keys() - shown(page).keys()}
            for page in fleet.pages
        ])  # fmt: skip

    try:
        fleet.until_seen(true, seconds=20, what="what the engine lists")
    except AssertionError as error:
        raise AssertionError(f"{error}: {differs()}") from error
    fleet.until_seen(is_live, seconds=15, what="that they are live")
    assert fleet.seen_by_all(lambda page: page.evaluate("window.mark === true")), "reloaded"


def folder_of_starts(engine_folder: Path) -> Path:
    folder = engine_folder / "starts"
    folder.mkdir()
    folder.chmod(0o777)
    return folder
