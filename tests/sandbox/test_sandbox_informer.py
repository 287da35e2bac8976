"""Entrinsik Informer."""

import pytest

from sandbox import Problem, Quirks, State
from sandbox.model import SECOND
from sandbox.providers.informer import READER_TOKEN
from tests.sandbox.sandbox_asking import NOW, asking, some_run

JOB = "550e8400-e29b-41d4-a716-446655440000"
DETAIL = {
    "id": "history-abc-123",
    "jobId": JOB,
    "ownerId": "team:analytics",
    "success": True,
    "warnings": False,
    "duration": ["2024-02-09T08:00:00Z", "2024-02-09T08:00:15Z"],
    "data": {},
    "progress": [
        {
            "task": {"key": "job:progress.invoking_job"},
            "result": {"key": "job:status.success", "success": True, "status": "success"},
        },
        {
            "task": {"key": "job:actions.send_email", "opts": {"name": "Send Summary Email"}},
            "result": {"message": "Email sent to 3 recipients", "success": True, "status": "success"},
        },
    ],
    "createdAt": "2024-02-09T08:00:00Z",
}
LISTED = DETAIL | {
    "progress": [
        {
            "task": {"key": "job:progress.invoking_job"},
            "result": {"key": "job:status.success", "success": True},
        }
    ]
}


@pytest.mark.parametrize("job", [JOB, "analytics:daily-sales-report", "analytics%3Adaily-sales-report"])
async def test_the_documented_record_is_found_by_either_id_of_its_job(job: str) -> None:
    async with asking("informer", generated=True) as ask:
        page = (await ask.informer(f"/api/jobs/{job}/history")).json
        one = (await ask.informer(f"/api/jobs/{job}/history/history-abc-123")).json

    assert LISTED in page["_embedded"]["inf:job-history"]
    assert one == DETAIL


async def test_a_list_is_hal_with_a_true_total_and_no_next_link() -> None:
    async with asking("informer", *(some_run(f"r{n:02}", ago=n) for n in range(1, 41))) as ask:
        first = (await ask.informer("/api/jobs/w/history")).json
        ask.sandbox.worlds["informer"].add(some_run("new", ago=0))
        second = (await ask.informer("/api/jobs/w/history", start=30, limit=30)).json

    assert first["_links"] == {"self": {"href": "/api/jobs/{id}/history"}}
    assert (first["start"], first["count"], first["total"]) == (0, 30, 40)
    assert (second["start"], second["count"], second["total"]) == (30, 11, 41)
    assert second["_embedded"]["inf:job-history"][0]["id"] == first["_embedded"]["inf:job-history"][-1]["id"]


async def test_it_sorts_both_ways_on_created_at_and_no_other() -> None:
    async with asking("informer", some_run("old", ago=9), some_run("new", ago=1)) as ask:
        pages = [await ask.informer("/api/jobs/w/history", sort=sort) for sort in ("createdAt", "-createdAt", "name")]

    assert [row["id"] for row in pages[0].json["_embedded"]["inf:job-history"]] == ["old", "new"]
    assert [row["id"] for row in pages[1].json["_embedded"]["inf:job-history"]] == ["new", "old"]
    assert pages[2].json == {"statusCode": 400, "error": "Bad Request", "message": "Invalid request query input"}


async def test_the_list_shows_the_first_progress_entry_without_status_and_the_detail_all() -> None:
    warned = some_run(outcome=State.WARNED, error=Problem("1 address was refused"), warnings=1)
    async with asking("informer", warned) as ask:
        (listed,) = (await ask.informer("/api/jobs/w/history")).json["_embedded"]["inf:job-history"]
        detail = (await ask.informer("/api/jobs/w/history/r1")).json

    assert len(listed["progress"]) == 1
    assert "status" not in listed["progress"][0]["result"]
    assert len(detail["progress"]) == 3
    assert "warning" in {entry["result"]["status"] for entry in detail["progress"]}
    assert (listed["success"], listed["warnings"]) == (True, True)
    assert {**listed, "progress": []} == {**detail, "progress": []}


async def test_a_failed_run_ends_in_an_error() -> None:
    broken = some_run(outcome=State.FAILED, failed_step="notify", error=Problem("Mail server refused"))
    async with asking("informer", broken) as ask:
        detail = (await ask.informer("/api/jobs/w/history/r1")).json

    assert (detail["success"], detail["warnings"]) == (False, False)
    last = detail["progress"][-1]["result"]
    assert last == {"message": "Mail server refused", "success": False, "status": "error"}


async def test_a_running_run_has_one_time_and_success_in_three_forms() -> None:
    async with asking("informer", *(some_run(f"r{n}", lasts=None) for n in range(30))) as ask:
        rows = (await ask.informer("/api/jobs/w/history")).json["_embedded"]["inf:job-history"]
        detail = (await ask.informer("/api/jobs/w/history/r1")).json

    assert {len(row["duration"]) for row in rows} == {1}
    assert {row.get("success", "absent") for row in rows} == {False, None, "absent"}
    assert "result" not in detail["progress"][0]


async def test_times_have_milliseconds_unless_they_are_whole() -> None:
    run = some_run(started_at=NOW - 60 * SECOND, ended_at=NOW - 59 * SECOND + 250_000_000)
    async with asking("informer", run) as ask:
        detail = (await ask.informer("/api/jobs/w/history/r1")).json

    assert detail["duration"] == ["2026-03-01T11:59:00Z", "2026-03-01T11:59:01.250Z"]


async def test_records_may_be_made_after_the_start() -> None:
    runs = [some_run(f"r{n}", ago=n / 60) for n in range(1, 30)]
    async with asking("informer", *runs, quirks=Quirks(informer_late_records=True)) as ask:
        rows = (await ask.informer("/api/jobs/w/history")).json["_embedded"]["inf:job-history"]

    created = [row["createdAt"] for row in rows]
    started = [row["duration"][0] for row in rows]
    assert created == sorted(created, key=lambda text: text.replace("Z", ".000Z")[:23], reverse=True)
    assert started != sorted(started, reverse=True)


async def test_a_record_is_deleted_once_and_by_those_who_may() -> None:
    async with asking("informer", some_run()) as ask:
        reader = await ask.informer("/api/jobs/w/history/r1", "DELETE", token=READER_TOKEN)
        first = await ask.informer("/api/jobs/w/history/r1", "DELETE")
        again = await ask.informer("/api/jobs/w/history/r1", "DELETE")
        page = (await ask.informer("/api/jobs/w/history")).json

    assert (reader.status, first.status, first.text, again.status) == (403, 204, "", 404)
    assert page["total"] == 0


async def test_jobs_come_as_hal_as_a_flat_list_and_one_by_one() -> None:
    async with asking("informer", generated=True) as ask:
        page = (await ask.informer("/api/jobs", q="daily sales")).json
        backwards = (await ask.informer("/api/jobs", sort="-name", limit=3)).json
        flat = (await ask.informer("/api/jobs-list")).json
        one = (await ask.informer("/api/jobs/analytics:daily-sales-report")).json

    (job,) = page["_embedded"]["inf:job"]
    assert (job["id"], job["name"], job["slug"], job["ownerId"]) == (
        JOB,
        "Daily Sales Report",
        "daily-sales-report",
        "analytics",
    )
    assert page["_links"]["self"] == {"href": "/api/jobs{?sort,limit,start,q}", "templated": True}
    names = [job["name"] for job in backwards["_embedded"]["inf:job"]]
    assert names == sorted(names, reverse=True)
    assert (backwards["count"], backwards["total"]) == (3, len(flat))
    assert set(flat[0]) == {
        "id", "name", "type", "enabled", "ownerId", "ownerName", "naturalId", "tags", "sharing", "permissions",
    }  # fmt: skip
    assert one == {**job, "naturalId": "analytics:daily-sales-report"}


async def test_a_job_is_locked_while_it_runs() -> None:
    async with asking("informer", some_run(lasts=None)) as ask:
        assert (await ask.informer("/api/jobs/w")).json["lockedAt"] == "2026-03-01T11:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "params", "status", "error"),
    [
        ("/api/jobs/none/history", {}, 404, "Not Found"),
        ("/api/jobs/w/history/none", {}, 404, "Not Found"),
        ("/api/nothing", {}, 404, "Not Found"),
        ("/api/jobs/w/history", {"limit": "x"}, 400, "Bad Request"),
        ("/api/jobs/w/history", {"limit": "0"}, 400, "Bad Request"),
        ("/api/jobs/w/history", {"start": "-1"}, 400, "Bad Request"),
        ("/api/jobs", {"sort": "color"}, 400, "Bad Request"),
    ],
)
async def test_errors_are_in_the_style_of_hapi(path: str, params: dict[str, str], status: int, error: str) -> None:
    async with asking("informer") as ask:
        reply = await ask.informer(path, **params)

    assert (reply.status, reply.json["statusCode"], reply.json["error"]) == (status, status, error)
    assert set(reply.json) == {"statusCode", "error", "message"}


async def test_a_wrong_token_is_refused() -> None:
    async with asking("informer") as ask:
        reply = await ask.informer("/api/jobs", token="wrong")

    assert (reply.status, reply.json["error"]) == (401, "Unauthorized")
