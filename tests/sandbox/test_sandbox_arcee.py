"""Arcee Orchestra."""

import pytest

from sandbox import Problem, Run, State
from sandbox.model import MINUTE, SECOND
from tests.sandbox.sandbox_asking import NOW, asking, some_run

JOKES = "7c1e0f6e-0000-4000-8000-000000000001"
JOKE = (
    "Here's a weather-related joke for you:\n\nWhy did the cloud cross the sky?\n\n"
    "Because it wanted to go to the other side of the rainbow!\n\n"
    "I hope you found this joke sunny and amusing! If you'd like another weather joke or a different kind of joke, "
    "please let me know."
)
RUN = {
    "id": "a40d4d53-7e5e-432b-8f23-8afdc53eefa3",
    "status": "completed",
    "start_time": "2025-03-12T03:39:30.476391Z",
    "end_time": "2025-03-12T03:39:36.133074Z",
    "elapsed_time": 5,
    "error": None,
    "outputs": JOKE,
    "all_outputs": {"prompt": "Tell me a joke about the weather", "model": JOKE},
    "inputs": {"prompt": "Tell me a joke about the weather"},
}
STEP = {
    "id": "b2acc986-af06-418a-bf71-c730d5ghaf0b",
    "user_id": "user-1",
    "organization_id": "org-1",
    "node_id": "model",
    "status": "completed",
    "start_time": "2025-03-13T02:41:15.144470Z",
    "end_time": "2025-03-13T02:41:17.382162Z",
    "elapsed_time": 2,
    "error": None,
    "outputs": {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}],
    },
    "inputs": {
        "model": "auto",
        "messages": [],
        "run_id": "5b69669f-975a-49af-a33a-61ff9ae5a20f",
        "input_data": {},
    },
    "step_metadata": None,
    "tokens": 0,
}


async def test_the_documented_run_and_step_are_found_value_for_value() -> None:
    async with asking("arcee", generated=True) as ask:
        listed = (await ask.arcee(f"/workflows/{JOKES}/runs")).json
        one = (await ask.arcee(f"/workflows/{JOKES}/runs/{RUN['id']}")).json
        steps = (await ask.arcee(f"/workflows/{JOKES}/runs/5b69669f-975a-49af-a33a-61ff9ae5a20f/steps")).json

    assert RUN in listed
    assert one == [RUN]
    assert steps == [STEP]


async def test_limit_and_offset_count_records_and_new_runs_shift_them() -> None:
    async with asking("arcee", *(some_run(f"r{n:02}", ago=n) for n in range(1, 31))) as ask:
        page = (await ask.arcee("/workflows/w/runs", limit=10, offset=10)).json
        ask.sandbox.worlds["arcee"].add(some_run("new", ago=0))
        shifted = (await ask.arcee("/workflows/w/runs", limit=10, offset=10)).json
        rest = (await ask.arcee("/workflows/w/runs", limit=10, offset=30)).json
        every = (await ask.arcee("/workflows/w/runs")).json

    assert [run["id"] for run in page] == [f"r{n:02}" for n in range(11, 21)]
    assert [run["id"] for run in shifted] == [f"r{n:02}" for n in range(10, 20)]
    assert [run["id"] for run in rest] == ["r30"]
    assert len(every) == 31


async def test_a_hundred_are_given_unless_told_otherwise() -> None:
    async with asking("arcee", *(some_run(f"r{n}") for n in range(120))) as ask:
        assert len((await ask.arcee("/workflows/w/runs")).json) == 100
        assert len((await ask.arcee("/workflows/w/runs", limit=120)).json) == 120


async def test_get_answers_a_list_of_one_or_of_none() -> None:
    async with asking("arcee", some_run()) as ask:
        assert [run["id"] for run in (await ask.arcee("/workflows/w/runs/r1")).json] == ["r1"]
        assert (await ask.arcee("/workflows/w/runs/none")).json == []
        assert (await ask.arcee("/workflows/empty/runs/r1")).json == []


async def test_outputs_are_a_text_an_object_or_null() -> None:
    async with asking("arcee", *(some_run(f"r{n}") for n in range(30))) as ask:
        runs = (await ask.arcee("/workflows/w/runs")).json

    assert {type(run["outputs"]) for run in runs} == {str, dict, type(None)}


async def test_a_running_run_has_no_end_and_a_short_one_no_whole_second() -> None:
    async with asking("arcee", some_run("a", ago=2, lasts=None), some_run("b", lasts=0.726)) as ask:
        running, short = (await ask.arcee("/workflows/w/runs")).json

    assert (running["status"], running["end_time"], running["outputs"]) == ("running", None, None)
    assert (short["elapsed_time"], short["end_time"]) == (0, "2026-03-01T11:00:00.726000Z")


async def test_a_failed_run_says_why() -> None:
    async with asking("arcee", some_run(outcome=State.FAILED, error=Problem("upstream timeout"))) as ask:
        (run,) = (await ask.arcee("/workflows/w/runs")).json

    assert (run["status"], run["error"], run["outputs"]) == ("failed", "upstream timeout", None)


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (some_run(lasts=None, queued_until=NOW + MINUTE), "pending"),
        (some_run(lasts=None), "running"),
        (some_run(lasts=None, paused_from=NOW - MINUTE), "paused"),
        (some_run(), "completed"),
        (some_run(outcome=State.FAILED), "failed"),
        (some_run(outcome=State.CANCELED), "canceled"),
        (some_run(outcome=State.ODD), "evaluated"),
    ],
)
async def test_every_state_has_its_word(run: Run, status: str) -> None:
    async with asking("arcee", run) as ask:
        assert [run["status"] for run in (await ask.arcee("/workflows/w/runs")).json] == [status]


async def test_steps_have_times_and_an_id_that_is_no_uuid() -> None:
    broken = some_run(outcome=State.FAILED, failed_step="notify", error=Problem("no address"))
    async with asking("arcee", broken) as ask:
        steps = (await ask.arcee("/workflows/w/runs/r1/steps")).json

    assert [(step["node_id"], step["status"], step["error"]) for step in steps] == [
        ("fetch", "completed", None),
        ("notify", "failed", "no address"),
    ]
    assert set(steps[0]) == set(STEP)
    assert steps[0]["start_time"] == "2026-03-01T11:00:00.000000Z"
    assert steps[1]["end_time"] == "2026-03-01T11:00:10.000000Z"


async def test_workflows_have_another_time_format() -> None:
    async with asking("arcee") as ask:
        ask.sandbox.worlds["arcee"].workflows.pop("empty")
        (flow,) = (await ask.arcee("/workflows")).json

    assert (flow["workflow_id"], flow["name"]) == ("w", "Orders")
    assert flow["created_at"] == "2024-01-15T10:00:00.000000+00:00".replace("T", " ")
    assert {"graph", "status", "version", "user_id", "file_metadata"} <= set(flow)


async def test_a_wrong_token_gets_plain_text() -> None:
    async with asking("arcee") as ask:
        reply = await ask.arcee("/workflows", token="wrong")

    assert reply.status == 401
    assert reply.headers["Content-Type"].startswith("text/plain")


async def test_the_header_may_have_the_name_that_the_documents_print() -> None:
    async with asking("arcee") as ask:
        source = ask.sandbox.sources["llm"]
        headers = {"Authentication": f"Bearer {source['api_token']}"}
        assert (await ask("GET", "arcee", f"{source['base_url']}/workflows", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/workflows/none/runs", {}, 404),
        ("/workflows/w/runs/none/steps", {}, 404),
        ("/workflows/w/runs", {"limit": "many"}, 400),
        ("/workflows/w/runs", {"offset": "-1"}, 400),
        ("/nothing", {}, 404),
    ],
)
async def test_wrong_requests_have_a_detail(path: str, params: dict[str, str], status: int) -> None:
    async with asking("arcee") as ask:
        reply = await ask.arcee(path, **params)

    assert (reply.status, set(reply.json)) == (status, {"detail"})


async def test_microseconds_are_what_is_left_of_a_start() -> None:
    async with asking("arcee", some_run(started_at=NOW - SECOND + 1_999)) as ask:
        (run,) = (await ask.arcee("/workflows/w/runs")).json

    assert run["start_time"] == "2026-03-01T11:59:59.000001Z"
