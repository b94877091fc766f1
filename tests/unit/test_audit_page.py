"""Administrators of all hosts read the trail, filter it, and take it away."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from accounts_app import audit, audit_listing
from accounts_app.models import AuditEntry, AuditHead, User, UserSession
from tests import make

DAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def rows(operator: User, admin: User) -> None:
    with time_machine.travel(DAY, tick=False):
        audit.record(operator, "container.stop", host="lab", target="f" * 64, target_name="web",
                     job=7, timeout=3)  # fmt: skip
    with time_machine.travel(DAY.replace(hour=9), tick=False):
        audit.record(operator, "container.stop", host="lab", target="f" * 64, target_name="web",
                     outcome="failed", job=7, error="no such container")  # fmt: skip
    with time_machine.travel(DAY.replace(day=25), tick=False):
        audit.record(admin, "user.create", target_name="=cmd()", outcome="succeeded")


@pytest.fixture
def page(client: Client, admin: User) -> Client:
    return make.session(client, admin)


def shown(page: Client, query: str) -> list[str]:
    answer = page.get(f"/audit/?{query}")
    assert answer.status_code == 200
    return [f"{row.action} {row.outcome}" for row in answer.context["rows"]]


STOPPED, FAILED, CREATED = (
    "container.stop requested", "container.stop failed", "user.create succeeded",
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [CREATED, FAILED, STOPPED]),
        ("actor=OPERATOR", [FAILED, STOPPED]),
        ("action=user.create", [CREATED]),
        ("host=lab", [FAILED, STOPPED]),
        ("target=ffff", [FAILED, STOPPED]),
        ("target=we", [FAILED, STOPPED]),
        ("outcome=failed", [FAILED]),
        ("q=stop+-failed", [FAILED, STOPPED]),
        ("q=stop+-outcome:failed", [STOPPED]),
        ("q=web+operator", [FAILED, STOPPED]),
        ("q=job:7", [FAILED, STOPPED]),
        ("q=job:x", []),
        ("since=2026-11-25", [CREATED]),
        ("until=2026-11-24", [FAILED, STOPPED]),
        ("until=2026-11-24T08:30", [STOPPED]),
        ("since=2026-11-24T09:30%2B01:00&until=2026-11-24T09:30Z", [FAILED]),
        ("sort=at", [STOPPED, FAILED, CREATED]),
    ],
)
def test_it_is_filtered(page: Client, rows: None, query: str, found: list[str]) -> None:
    assert shown(page, query) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("outcome=x", "outcome"),
        ("since=yesterday", "since"),
        ("until=2026-13-40", "until"),
        ("q=colour:red", "q"),
        ("sort=mac", "sort"),
        ("page=0", "page"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told_and_the_rest_is_shown(
    page: Client, rows: None, query: str, field: str
) -> None:
    answer = page.get(f"/audit/?{query}")
    assert answer.status_code == 422
    assert list(answer.context["errors"]) == [field]
    assert len(answer.context["rows"]) == 3
    assert answer.context["errors"][field].split(" ")[0] in answer.content.decode()


def test_it_comes_in_pages(page: Client, operator: User) -> None:
    for number in range(60):
        audit.record(operator, "container.stop", target=str(number))
    first = page.get("/audit/").content.decode()
    assert "1–50 of 60" in first
    assert 'href="/audit/?page=2"' in first
    assert "51–60 of 60" in page.get("/audit/?page=2").content.decode()


def test_it_says_whether_it_is_whole(page: Client, rows: None) -> None:
    assert "verify_audit" in page.get("/audit/").content.decode()
    AuditHead.objects.update(mac="0")
    assert "was altered at row" in page.get("/audit/").content.decode()


def test_what_people_named_things_is_shown_as_text(page: Client, operator: User) -> None:
    audit.record(operator, "container.rename", target_name="<script>x</script>", name="<b>")
    text = page.get("/audit/").content.decode()
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text
    assert "<b>" not in text.partition('class="table trail"')[2].partition("</table>")[0]


@pytest.mark.parametrize("who", ["viewer", "operator", "host_admin", "stranger"])
def test_nobody_else_reads_it(who: str, request: pytest.FixtureRequest, rows: None) -> None:
    page = make.session(Client(), request.getfixturevalue(who))
    assert page.get("/audit/").status_code == 403
    assert page.get("/audit/denied/").status_code == 403
    assert page.post("/audit/export/").status_code == 403
    assert 'href="/audit/"' not in page.get("/jobs/").content.decode()


def test_what_was_refused_is_a_tab_of_its_own(page: Client, viewer: User) -> None:
    make.session(Client(), viewer).get("/audit/")
    text = page.get("/audit/denied/").content.decode()
    assert "GET /audit/" in text
    assert "viewer" in text
    assert page.get("/audit/denied/?q=nobody").context["page"]["total"] == 0


# -- Taking it away ------------------------------------------------------------------------


async def exported(user: User, **said: str) -> tuple[Any, str]:
    client = AsyncClient()
    await client.aforce_login(user)
    key = (await client.asession()).session_key or ""
    await UserSession.objects.acreate(user=user, session_key=key)
    answer: Any = await client.post("/audit/export/", said)
    pieces = [piece.decode() async for piece in answer.streaming_content]
    return answer, "".join(pieces)


@pytest.mark.django_db(transaction=True)
async def test_json_lines_hold_every_column_and_all_rows_in_order(admin: User, rows: None) -> None:
    answer, text = await exported(admin, format="jsonl")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["action"] for line in lines] == [
        "container.stop", "container.stop", "user.create", "audit.export",
    ]  # fmt: skip
    assert lines[0]["at"] == "2026-11-24T08:00:00Z"
    assert lines[0]["params"] == {"timeout": 3}
    assert lines[0]["mac"]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.django_db(transaction=True)
async def test_csv_has_no_cell_that_a_spreadsheet_computes(admin: User, rows: None) -> None:
    _answer, text = await exported(admin, format="csv", action="user.create")
    head, *cells = csv.reader(io.StringIO(text))
    assert len(cells) == 1
    assert dict(zip(head, cells[0], strict=True))["target_name"] == "'=cmd()"


@pytest.mark.django_db(transaction=True)
async def test_an_export_in_many_pieces_is_complete(
    admin: User, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts_app.audit_listing.ROWS_AT_ONCE", 3)
    record = sync_to_async(audit.record)
    for number in range(10):
        await record(operator, "container.stop", target=str(number))
    _answer, text = await exported(admin, format="jsonl", actor="operator")
    assert [json.loads(line)["target"] for line in text.splitlines()] == [
        str(number) for number in range(10)
    ]


@pytest.mark.django_db(transaction=True)
async def test_that_it_was_taken_is_in_the_trail(admin: User, rows: None) -> None:
    await exported(admin, format="csv", outcome="failed")
    row = await AuditEntry.objects.aget(action="audit.export")
    assert row.params == {"format": "csv", "filters": {"outcome": "failed"}}


def test_it_is_not_taken_by_following_a_link(page: Client) -> None:
    assert page.get("/audit/export/").status_code == 405


def test_an_unknown_format_is_refused(page: Client) -> None:
    assert page.post("/audit/export/", {"format": "xml"}).status_code == 422


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_each_risky_start_of_a_cell_is_quoted(start: str) -> None:
    assert audit_listing._cell(f"{start}1") == f"'{start}1"
