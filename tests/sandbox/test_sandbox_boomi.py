"""Boomi's REST API: filter grammar, pages, credentials, refusals."""

from typing import Any

import pytest

from sandbox import Problem, State, Trigger
from sandbox.model import MINUTE
from sandbox.stamps import stamp
from tests.sandbox.sandbox_asking import NOW, asking, some_run

RECORD = {
    "@type": "ExecutionRecord",
    "executionId": "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23",
    "account": "account-123456",
    "executionTime": "2023-04-23T18:30:00Z",
    "status": "ERROR",
    "executionType": "exec_sched",
    "processName": "PaginationIpack14 - Thu Apr 20 2023 -Process",
    "processId": "dbb98f81-6914-43a2-b03f-594506940dd5",
    "atomName": "Runtime 1",
    "atomId": "3456789a-bcde-f012-3456-789abcdef012",
    "inboundDocumentCount": 1,
    "inboundErrorDocumentCount": 1,
    "outboundDocumentCount": 0,
    "executionDuration": ["Long", 5816],
    "message": "No data produced from map 'mapTest', please check source profile and make sure it matches source data.",
    "inboundDocumentSize": ["Long", 0],
    "outboundDocumentSize": ["Long", 0],
    "recordedDate": "2023-04-23T18:30:06Z",
}


def simple(operator: str, name: str, *arguments: str) -> dict[str, Any]:
    return {"operator": operator, "property": name, "argument": list(arguments)}


def group(operator: str, *nested: dict[str, Any]) -> dict[str, Any]:
    return {"operator": operator, "nestedExpression": list(nested)}


def at(minutes_ago: int) -> str:
    return stamp(NOW - minutes_ago * MINUTE, 0)


async def test_the_documented_record_is_found_value_for_value() -> None:
    async with asking("boomi", generated=True) as ask:
        day = simple("BETWEEN", "executionTime", "2023-04-23T00:00:00Z", "2023-04-23T23:59:59Z")
        failed = group("or", simple("EQUALS", "status", "ERROR"), simple("EQUALS", "status", "ABORTED"))
        by_process = group("and", simple("EQUALS", "processId", RECORD["processId"]), day, failed)  # type: ignore[arg-type]
        by_id = simple("EQUALS", "executionId", str(RECORD["executionId"]))

        assert await ask.records(by_process, ("executionTime", "DESC")) == [RECORD]
        assert await ask.records(by_id) == [RECORD]


async def test_pages_hold_a_hundred_and_end_to_end_they_are_the_whole_list() -> None:
    runs = [some_run(f"r{number}", ago=number // 7) for number in range(1, 251)]
    async with asking("boomi", *runs) as ask:
        first = (await ask.boomi("/ExecutionRecord/query", {})).json
        assert (len(first["result"]), first["numberOfResults"]) == (100, 100)
        token = first["queryToken"]
        assert len(token) > 1900
        assert all(sign in token for sign in "/+=")

        rows = await ask.records(None, ("executionTime", "DESC"))

    assert sorted(row["executionId"] for row in rows) == sorted(run.id for run in runs)
    times = [row["executionTime"] for row in rows]
    assert times == sorted(times, reverse=True)


async def test_a_query_is_continued_in_the_state_that_it_began_in() -> None:
    async with asking("boomi", *(some_run(f"r{n}", ago=n) for n in range(1, 121))) as ask:
        config = {"QuerySort": {"sortField": [{"fieldName": "executionTime", "sortOrder": "DESC"}]}}
        first = (await ask.boomi("/ExecutionRecord/query", config)).json
        ask.clocks.pass_seconds(60)
        ask.sandbox.worlds["boomi"].add(some_run("new", ago=-0.5))
        second = (await ask.boomi("/ExecutionRecord/queryMore", first["queryToken"])).json

    assert len({row["executionId"] for row in first["result"] + second["result"]}) == 120
    assert "queryToken" not in second


async def test_runs_of_one_second_come_in_no_order_to_rely_on() -> None:
    async with asking("boomi", *(some_run(f"r{n:02}") for n in range(20))) as ask:
        ids = [row["executionId"] for row in await ask.records(None, ("executionTime", "DESC"))]

    assert ids not in (sorted(ids), sorted(ids, reverse=True))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (simple("EQUALS", "status", "ERROR"), "b"),
        (simple("NOT_EQUALS", "status", "ERROR"), "ac"),
        (simple("LIKE", "message", "%refused%"), "b"),
        (simple("CONTAINS", "message", "server"), "b"),
        (simple("NOT_CONTAINS", "message", "server"), "ac"),
        (simple("IS_NULL", "message"), "ac"),
        ({"operator": "IS_NOT_NULL", "property": "message"}, "b"),
        (simple("BETWEEN", "executionTime", at(20), at(10)), "ab"),
        (simple("GREATER_THAN", "executionTime", at(20)), "a"),
        (simple("GREATER_THAN_OR_EQUAL", "executionTime", at(20)), "ab"),
        (simple("LESS_THAN", "executionTime", at(20)), "c"),
        (simple("LESS_THAN_OR_EQUAL", "executionTime", at(20)), "bc"),
        (simple("GREATER_THAN", "executionDuration", "5000"), "bc"),
        (simple("EQUALS", "originalExecutionId", "a"), "c"),
        (group("or", simple("EQUALS", "executionId", "a"), simple("EQUALS", "executionId", "c")), "ac"),
        (
            group(
                "and", simple("EQUALS", "account", "account-123456"), group("or", simple("EQUALS", "status", "ERROR"))
            ),
            "b",
        ),
        (simple("EQUALS", "status", "NO_SUCH"), ""),
    ],
)
async def test_every_operator_finds_what_it_says(expression: dict[str, Any], found: str) -> None:
    refused = Problem("Mail server refused the connection")
    runs = [
        some_run("a", ago=10, lasts=1),
        some_run("b", ago=20, lasts=6, outcome=State.FAILED, error=refused),
        some_run("c", ago=30, lasts=7, trigger=Trigger.RETRY, retry_of="a"),
    ]
    async with asking("boomi", *runs) as ask:
        assert "".join(sorted(row["executionId"] for row in await ask.records(expression))) == found


@pytest.mark.parametrize(
    "config",
    [
        {"QueryFilter": {"expression": simple("EQUALS", "launcherID", "x")}},  # the filter is spelled launcherId
        {"QueryFilter": {"expression": simple("EQUALS", "inboundDocumentSize", "1")}},
        {"QueryFilter": {"expression": simple("EQUALS", "parentExecutionId", "x")}},
        {"QueryFilter": {"expression": simple("STARTS_WITH", "message", "x")}},
        {"QueryFilter": {"expression": simple("EQUALS", "executionTime", "2026-03-01T12:00:00.000Z")}},
        {"QueryFilter": {"expression": simple("EQUALS", "executionTime", "2026-03-01")}},
        {"QueryFilter": {"expression": simple("EQUALS", "executionDuration", "long")}},
        {"QueryFilter": {"expression": simple("BETWEEN", "executionTime", at(1))}},
        {"QueryFilter": {"expression": simple("IS_NULL", "message", "x")}},
        {"QueryFilter": {"expression": group("AND", simple("EQUALS", "status", "ERROR"))}},
        {"QueryFilter": {"expression": group("or")}},
        {"QueryFilter": {"expression": {"operator": "EQUALS", "property": "status", "argument": "ERROR"}}},
        {"QueryFilter": {}},
        {"queryFilter": {}},
        {"QuerySort": {"sortField": [{"fieldName": "executionTime", "sortOrder": "desc"}]}},
        {"QuerySort": {"sortField": [{"fieldName": "inboundDocumentSize", "sortOrder": "ASC"}]}},
        [],
    ],
)
async def test_a_wrong_query_is_refused(config: Any) -> None:
    async with asking("boomi", some_run()) as ask:
        reply = await ask.boomi("/ExecutionRecord/query", config)

    assert reply.status == 400
    assert (reply.json["@type"], set(reply.json)) == ("Error", {"@type", "message"})


async def test_the_filter_for_launchers_is_spelled_otherwise_than_the_field() -> None:
    async with asking("boomi", *(some_run(f"r{n}", trigger=Trigger.API) for n in range(20))) as ask:
        rows = await ask.records(simple("IS_NOT_NULL", "launcherId"))

    assert rows
    assert all("launcherID" in row and "reportKey" in row for row in rows)


async def test_nothing_found_has_no_result_at_all() -> None:
    async with asking("boomi") as ask:
        assert (await ask.boomi("/ExecutionRecord/query", {})).json == {"@type": "QueryResult", "numberOfResults": 0}


async def test_all_four_forms_of_a_long_come() -> None:
    async with asking("boomi", *(some_run(f"r{n}", lasts=5.816) for n in range(40))) as ask:
        forms = [row["executionDuration"] for row in await ask.records()]

    for form in (5816, "5816", ["Long", 5816], ["Long", "5816"]):
        assert form in forms


async def test_absent_fields_are_left_out() -> None:
    async with asking("boomi", some_run(lasts=None)) as ask:
        (row,) = await ask.records()

    absent = {"message", "originalExecutionId", "parentExecutionId", "executionDuration", "reportKey", "launcherID"}
    assert not absent & set(row)
    assert None not in row.values()


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (some_run(ago=1, queued_until=NOW + MINUTE, lasts=None), "ENQUEUED"),
        (some_run(ago=0.01, lasts=None), "STARTED"),
        (some_run(lasts=None), "INPROCESS"),
        (some_run(), "COMPLETE"),
        (some_run(outcome=State.WARNED), "COMPLETE_WARN"),
        (some_run(outcome=State.FAILED), "ERROR"),
        (some_run(outcome=State.CANCELED), "ABORTED"),
        (some_run(outcome=State.ABORTED), "ABORTED"),
        (some_run(outcome=State.ABORTED, ago=0.5), "ABORTED_RECOVERING"),
        (some_run(outcome=State.DISCARDED), "DISCARDED"),
        (some_run(outcome=State.ODD), "SUSPENDED"),
    ],
)
async def test_every_state_has_its_word(run: Any, status: str) -> None:
    async with asking("boomi", run) as ask:
        assert [row["status"] for row in await ask.records()] == [status]


async def test_the_connector_shapes_of_several_runs_come_in_one_answer() -> None:
    runs = [some_run("a"), some_run("b", outcome=State.FAILED, failed_step="notify"), some_run("c")]
    async with asking("boomi", *runs) as ask:
        ids = group("or", simple("EQUALS", "executionId", "a"), simple("EQUALS", "executionId", "b"))
        rows = (await ask.boomi("/ExecutionConnector/query", {"QueryFilter": {"expression": ids}})).json["result"]

    shapes = {(row["executionId"], row["executionConnector"]): row["errorCount"] for row in rows}
    assert shapes == {
        ("a", "Start"): 0,
        ("a", "Fetch"): 0,
        ("a", "Notify"): 0,
        ("b", "Start"): 0,
        ("b", "Fetch"): 0,
        ("b", "Notify"): 1,
    }
    assert set(rows[0]) == {
        "@type", "id", "executionId", "executionConnector", "connectorType", "actionType", "errorCount", "successCount",
        "size", "isStartShape", "recordType",
    }  # fmt: skip


async def test_connector_shapes_are_paged_and_cannot_be_sorted() -> None:
    async with asking("boomi", *(some_run(f"r{n}") for n in range(60))) as ask:
        first = (await ask.boomi("/ExecutionConnector/query", {})).json
        more = (await ask.boomi("/ExecutionConnector/queryMore", first["queryToken"])).json
        other = await ask.boomi("/ExecutionRecord/queryMore", first["queryToken"])
        sort = {"QuerySort": {"sortField": [{"fieldName": "size", "sortOrder": "ASC"}]}}
        sorted_ = await ask.boomi("/ExecutionConnector/query", sort)

    assert (first["numberOfResults"], more["numberOfResults"]) == (100, 80)
    assert (other.status, sorted_.status) == (400, 400)


async def test_processes_are_listed_and_found_by_name() -> None:
    async with asking("boomi") as ask:
        every = (await ask.boomi("/Process/query", {})).json["result"]
        like = {"QueryFilter": {"expression": simple("LIKE", "name", "Ord%")}}
        named = (await ask.boomi("/Process/query", like)).json["result"]

    assert every == [
        {"@type": "Process", "id": "w", "name": "Orders"},
        {"@type": "Process", "id": "empty", "name": "Never run"},
    ]
    assert named == every[:1]


async def test_wrong_credentials_and_a_foreign_account_are_refused() -> None:
    async with asking("boomi") as ask:
        wrong = await ask.boomi("/ExecutionRecord/query", {}, Authorization="Basic bm86bm8=")
        headers = {"Accept": "application/json"}
        none = await ask("POST", "boomi", "/api/rest/v1/account-123456/Process/query", json={}, headers=headers)
        auth = {"Authorization": "Basic Qk9PTUlfVE9LRU4ub3BzQGV4YW1wbGUuY29tOnNhbmRib3gtYm9vbWktdG9rZW4=", **headers}
        foreign = await ask("POST", "boomi", "/api/rest/v1/other/Process/query", json={}, headers=auth)

    assert [(reply.status, set(reply.json)) for reply in (wrong, none, foreign)] == [
        (401, {"message"}),
        (401, {"message"}),
        (403, {"message"}),
    ]


async def test_who_does_not_ask_for_json_gets_xml() -> None:
    async with asking("boomi", some_run()) as ask:
        found = await ask.boomi("/ExecutionRecord/query", {}, Accept="*/*")
        wrong = await ask.boomi("/ExecutionRecord/query", {"no": 1}, Accept="application/xml")

    assert (found.status, wrong.status) == (200, 400)
    for reply in (found, wrong):
        assert reply.headers["Content-Type"].startswith("application/xml")
        assert reply.text.startswith("<?xml")
    assert "<bns:executionId>r1</bns:executionId>" in found.text


async def test_a_token_that_was_changed_or_quoted_is_refused() -> None:
    async with asking("boomi", *(some_run(f"r{n}") for n in range(101))) as ask:
        token = (await ask.boomi("/ExecutionRecord/query", {})).json["queryToken"]
        for text in (f'"{token}"', token[1:], "x" + token[1:], ""):
            assert (await ask.boomi("/ExecutionRecord/queryMore", text)).status == 400
        typed = {"Content-Type": "application/json"}
        assert (await ask.boomi("/ExecutionRecord/queryMore", token, **typed)).status == 400


async def test_the_eleventh_request_of_a_second_gets_503_and_no_retry_after() -> None:
    async with asking("boomi", limits=True) as ask:
        statuses = [(await ask.boomi("/Process/query", {})).status for _ in range(10)]
        over = await ask.boomi("/Process/query", {})
        ask.clocks.pass_seconds(1)
        later = await ask.boomi("/Process/query", {})

    assert statuses == [200] * 10
    assert (over.status, set(over.json), later.status) == (503, {"error"}, 200)
    assert "Retry-After" not in over.headers


async def test_a_run_can_be_cancelled_once() -> None:
    async with asking("boomi", some_run(lasts=None)) as ask:
        first = await ask.boomi("/cancelExecution/r1", {})
        again = await ask.boomi("/cancelExecution/r1", {})
        (row,) = await ask.records()

    assert (first.status, first.json) == (202, {"message": "Operation completed successfully."})
    assert (again.status, row["status"]) == (400, "ABORTED")
