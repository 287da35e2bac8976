"""Yandex Workflows and IAM."""

from typing import Any

import pytest

from sandbox import Problem, Quirks, Run, State, StepPlan, Workflow, World
from sandbox.model import MINUTE
from sandbox.providers.yandex import FOLDER
from sandbox.providers.yandex_iam import OAUTH_TOKEN
from tests.sandbox.sandbox_asking import NOW, asking, some_run

FINISHED = "dfqud9cbc4k5xxxxxxxx-429e9f6f-b506-4c5a-84b2-9abb00000001"
HISTORY = {
    "execution": {
        "id": FINISHED,
        "workflowId": "dfqud9cbc4k5xxxxxxxx",
        "status": "FINISHED",
        "startedAt": "2025-03-10T15:54:44.304781814Z",
        "duration": "1.070697344s",
    },
    "entries": [
        {
            "id": "fetch_posts",
            "startedAt": "2025-03-10T15:54:44.452347159Z",
            "duration": "0.795435385s",
            "input": {"inputJson": '{"input":{}}'},
            "output": {"outputJson": '{"posts":[]}'},
            "status": "COMPLETED",
            "type": "HttpCall",
            "attempts": "1",
        },
        {
            "id": "fetch_users",
            "startedAt": "2025-03-10T15:54:44.452394388Z",
            "duration": "0.751175310s",
            "input": {"inputJson": '{"input":{}}'},
            "output": {"outputJson": '{"users":[]}'},
            "status": "COMPLETED",
            "type": "HttpCall",
            "attempts": "1",
        },
    ],
}
NOTIFY = {
    "id": "notify",
    "title": "Notify the desk",
    "startedAt": "2025-03-10T15:54:45.000000001Z",
    "duration": "3.5s",
    "input": {"inputJson": "{}"},
    "error": {"message": "upstream answered 503", "errorCode": "HTTP_CALL_503"},
    "status": "FAILED",
    "type": "HttpCall",
    "attempts": "3",
    "lastError": {"message": "upstream answered 503", "errorCode": "HTTP_CALL_503"},
}
ENTRY_FIELDS = {
    "id", "title", "description", "startedAt", "duration", "input", "output", "error", "status", "type", "attempts",
    "lastError",
}  # fmt: skip


async def test_the_documented_history_is_found_value_for_value() -> None:
    async with asking("yandex", generated=True) as ask:
        history = (await ask.yandex(f"/execution/{FINISHED}/history")).json
        listed = (await ask.yandex("/execution", workflowId="dfqud9cbc4k5xxxxxxxx")).json["executions"]
        one = (await ask.yandex(f"/execution/{FINISHED}")).json["execution"]

    assert history == HISTORY
    assert HISTORY["execution"] in listed
    assert one == {
        **HISTORY["execution"],  # type: ignore[dict-item]
        "input": {"inputJson": '{"input":{}}'},
        "result": {"resultJson": '{"ok":true}'},
    }


async def test_a_failed_documented_run_holds_every_field_that_an_entry_can_have() -> None:
    async with asking("yandex", generated=True) as ask:
        listed = (await ask.yandex("/execution", workflowId="dfqud9cbc4k5xxxxxxxx")).json["executions"]
        (failed,) = [run["id"] for run in listed if run["status"] == "FAILED"]
        entries = (await ask.yandex(f"/execution/{failed}/history")).json["entries"]

    assert NOTIFY in entries
    assert any(set(entry) == ENTRY_FIELDS for entry in entries)
    (mended,) = [entry for entry in entries if entry["status"] == "COMPLETED"]
    assert mended["lastError"]
    assert int(mended["attempts"]) > 1


async def test_pages_follow_opaque_tokens_that_are_bound_to_the_query() -> None:
    async with asking("yandex", *(some_run(f"r{n}", ago=n) for n in range(1, 8))) as ask:
        first = (await ask.yandex("/execution", workflowId="w", pageSize=3)).json
        token = first["nextPageToken"]
        ask.sandbox.worlds["yandex"].add(some_run("new", ago=-1))
        ask.clocks.pass_seconds(120)
        second = (await ask.yandex("/execution", workflowId="w", pageSize=3, pageToken=token)).json
        third = (await ask.yandex("/execution", workflowId="w", pageSize=3, pageToken=second["nextPageToken"])).json
        strange = [
            await ask.yandex("/execution", workflowId="w", pageSize=4, pageToken=token),
            await ask.yandex("/execution", workflowId="empty", pageSize=3, pageToken=token),
            await ask.yandex("/execution", workflowId="w", pageSize=3, pageToken=token, filter="status=FAILED"),
            await ask.yandex("/execution", workflowId="w", pageSize=3, pageToken="AAAA"),
        ]

    ids = [run["id"] for page in (first, second, third) for run in page["executions"]]
    assert ids == ["r1", "r2", "r3", "r4", "r5", "r6", "r7"]
    assert not third.get("nextPageToken")
    assert [(reply.status, reply.json["code"]) for reply in strange] == [(400, 3)] * 4


async def test_an_empty_list_is_an_empty_object() -> None:
    async with asking("yandex") as ask:
        assert (await ask.yandex("/execution", workflowId="empty")).json == {}


async def test_neighbours_change_places_when_the_quirk_is_on() -> None:
    runs = [some_run(f"r{n}", ago=n) for n in range(1, 5)]
    async with asking("yandex", *runs, quirks=Quirks(yandex_unsorted=True)) as ask:
        listed = (await ask.yandex("/execution", workflowId="w")).json["executions"]

    assert [run["id"] for run in listed] == ["r2", "r1", "r3", "r4"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status=FAILED", ["b"]),
        ("status=RUNNING", ["c"]),
        ("started_at>2026-03-01T11:40:00Z", ["a"]),
        ("started_at=2026-03-01T11:40:00Z", ["b"]),
        ("started_at<2026-03-01T11:40:00.000000001Z", ["b", "c"]),
        ("finished_at<2026-03-01T11:50:00Z", ["b"]),
    ],
)
async def test_a_filter_is_one_predicate(text: str, found: list[str]) -> None:
    runs = [some_run("a", ago=10), some_run("b", ago=20, outcome=State.FAILED), some_run("c", ago=30, lasts=None)]
    async with asking("yandex", *runs) as ask:
        reply = await ask.yandex("/execution", workflowId="w", filter=text)

    assert [run["id"] for run in reply.json["executions"]] == found


@pytest.mark.parametrize(
    "text",
    [
        "status=FAILED AND started_at>2026-03-01T11:40:00Z",
        "status = FAILED",
        "status=failed",
        "status=ERROR",
        "status!=FAILED",
        "started_at>=2026-03-01T11:40:00Z",
        "startedAt>2026-03-01T11:40:00Z",
        "created_by=John.Doe",
        "started_at>yesterday",
    ],
)
async def test_any_other_filter_is_refused_with_code_3(text: str) -> None:
    async with asking("yandex") as ask:
        reply = await ask.yandex("/execution", workflowId="w", filter=text)

    assert (reply.status, reply.json["code"]) == (400, 3)


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/execution", {}, 400, 3),
        ("/execution", {"workflowId": "none"}, 404, 5),
        ("/execution", {"workflowId": "w", "pageSize": "-1"}, 400, 3),
        ("/execution/none", {}, 404, 5),
        ("/execution/none/history", {}, 404, 5),
        ("/workflow", {}, 400, 3),
        ("/workflow", {"folderId": "foreign"}, 403, 7),
        ("/workflow/none", {}, 404, 5),
        ("/nothing", {}, 404, 5),
    ],
)
async def test_errors_are_google_rpc_statuses(path: str, params: dict[str, Any], status: int, code: int) -> None:
    async with asking("yandex") as ask:
        reply = await ask.yandex(path, **params)

    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.json["details"][0]["@type"] == "type.googleapis.com/google.rpc.RequestInfo"
    assert reply.json["details"][0]["requestId"]


async def test_workflows_are_listed_in_pages_and_got_one_by_one() -> None:
    async with asking("yandex") as ask:
        first = (await ask.yandex("/workflow", folderId=FOLDER, pageSize=1)).json
        second = (await ask.yandex("/workflow", folderId=FOLDER, pageSize=1, pageToken=first["nextPageToken"])).json
        one = (await ask.yandex("/workflow/w")).json["workflow"]

    (listed,) = first["workflows"]
    assert (listed["id"], listed["name"], listed["folderId"], listed["status"]) == ("w", "Orders", FOLDER, "ACTIVE")
    assert second["workflows"][0]["id"] == "empty"
    assert one == {**listed, "specification": one["specification"]}


async def test_input_result_and_error_are_in_get_only() -> None:
    broken = some_run("b", outcome=State.FAILED, error=Problem("boom", "STEP_FAIL"))
    async with asking("yandex", some_run("a"), broken, some_run("c", lasts=None)) as ask:
        listed = (await ask.yandex("/execution", workflowId="w")).json["executions"]
        fine, failed, running = [(await ask.yandex(f"/execution/{name}")).json["execution"] for name in ("a", "b", "c")]

    assert all(not {"input", "result", "error"} & set(run) for run in listed)
    assert {"input", "result"} <= set(fine)
    assert failed["error"] == {"message": "boom", "errorCode": "STEP_FAIL"}
    assert not {"result", "error", "duration"} & set(running)


async def test_a_loop_repeats_the_id_of_its_step_and_what_is_to_come_is_scheduled() -> None:
    flow = Workflow(id="w", name="Orders", steps=(StepPlan("row", "Row", "http", loops=True),))
    world = World([flow], [some_run("over"), some_run("running", ago=0.5, lasts=3600)])
    async with asking("yandex", worlds={"yandex": world}) as ask:
        over = (await ask.yandex("/execution/over/history")).json["entries"]
        running = (await ask.yandex("/execution/running/history")).json["entries"]

    assert len(over) > 1
    assert {entry["id"] for entry in over} == {"row"}
    assert {entry["attempts"] for entry in over} == {"1"}
    assert running[-1]["status"] in ("STARTED", "SCHEDULED")
    scheduled = [entry for entry in running if entry["status"] == "SCHEDULED"]
    assert all("startedAt" not in entry and "duration" not in entry for entry in scheduled)


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (some_run(lasts=None, queued_until=NOW + MINUTE), "QUEUED"),
        (some_run(lasts=None), "RUNNING"),
        (some_run(lasts=None, paused_from=NOW - MINUTE), "PAUSED"),
        (some_run(outcome=State.CANCELED), "STOPPED"),
        (some_run(outcome=State.FAILED), "FAILED"),
        (some_run(), "FINISHED"),
        (some_run(outcome=State.ODD), "STATUS_UNSPECIFIED"),
    ],
)
async def test_every_state_has_its_word(run: Run, status: str) -> None:
    async with asking("yandex", run) as ask:
        (listed,) = (await ask.yandex("/execution", workflowId="w")).json["executions"]

    assert listed["status"] == status


async def test_stamps_and_durations_have_nanoseconds() -> None:
    run = some_run(started_at=NOW + 1 - MINUTE, ended_at=NOW - MINUTE + 1_070_697_345)
    async with asking("yandex", run) as ask:
        (listed,) = (await ask.yandex("/execution", workflowId="w")).json["executions"]

    assert (listed["startedAt"], listed["duration"]) == ("2026-03-01T11:59:00.000000001Z", "1.070697344s")


async def test_a_duration_of_nought_is_sent_or_left_out() -> None:
    async with asking("yandex", *(some_run(f"r{n}", lasts=0) for n in range(20))) as ask:
        listed = (await ask.yandex("/execution", workflowId="w")).json["executions"]

    assert {run.get("duration") for run in listed} == {None, "0s"}


async def test_without_a_good_token_there_is_code_16() -> None:
    async with asking("yandex") as ask:
        reply = await ask("GET", "yandex", "/workflows/v1/execution?workflowId=w")

    assert (reply.status, reply.json["code"]) == (401, 16)
    assert reply.json["message"] == "Token is invalid or has expired."


async def test_an_iam_token_lives_for_twelve_hours_and_may_come_twice() -> None:
    async with asking("yandex") as ask:
        await ask.yandex("/execution", workflowId="w")
        again = await ask("POST", "yandex", "/iam/v1/tokens", json={"yandexPassportOauthToken": OAUTH_TOKEN})
        assert again.json["iamToken"] == ask.tokens["yandex"]
        assert again.json["expiresAt"].startswith("2026-03-02T00:00:00")
        ask.clocks.pass_seconds(12 * 3600)
        assert (await ask.yandex("/execution", workflowId="w")).status == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": "other"},
        {"iss": "other"},
        {"aud": "https://example.com"},
        {"exp": NOW // 10**9 + 3601},
        {"exp": NOW // 10**9 - 1, "iat": NOW // 10**9 - 60},
        {"iat": NOW // 10**9 + 600, "exp": NOW // 10**9 + 700},
        {"algorithm": "RS256"},
    ],
)
async def test_a_jwt_that_is_not_as_documented_is_refused(changes: dict[str, Any]) -> None:
    async with asking("yandex") as ask:
        reply = await ask("POST", "yandex", "/iam/v1/tokens", json={"jwt": ask.signed(**changes)})

    assert (reply.status, reply.json["code"]) == (401, 16)


async def test_a_token_call_without_proof_or_with_a_wrong_one_is_refused() -> None:
    async with asking("yandex") as ask:
        nothing = await ask("POST", "yandex", "/iam/v1/tokens", json={})
        wrong = await ask("POST", "yandex", "/iam/v1/tokens", json={"yandexPassportOauthToken": "x"})
        broken = await ask("POST", "yandex", "/iam/v1/tokens", json={"jwt": "x.y.z"})

    assert [(reply.status, reply.json["code"]) for reply in (nothing, wrong, broken)] == [
        (400, 3),
        (401, 16),
        (401, 16),
    ]
