"""Boomi's Spaces GraphQL: the documented sample as printed, everything else as GraphQL."""

from typing import Any

import pytest

from sandbox import Problem, State
from tests.sandbox.sandbox_asking import asking, some_run

SAMPLE = """
query executionHistory {
 executionHistory(input:{
       processId:"dbb98f81-6914-43a2-b03f-594506940dd5",
       executionTime: "2016-01-31T15:32:00Z",
       status: ERROR
     })
     {
      executionId
      originalExecutionId
      account
      executionTime
      status
      atomName
      atomId
      executionDuration 
      message
    }
}
"""  # noqa: W291  (as printed)
ANSWER = {
    "data": {
        "executionHistory": [
            {
                "executionId": "execution-73bca62e-7bf4-4c22-bcd9-26b3ec224f37-2023.04.23",
                "executionTime": "2023-04-23T18:30:00Z",
                "status": "ERROR",
                "executionType": "exec_sched",
                "processName": "PaginationIpack14 - Thu Apr 20 2023 -Process",
                "inboundDocumentCount": 1,
                "inboundErrorDocumentCount": 1,
                "outboundDocumentCount": 0,
                "executionDuration": ["Long", "5816"],
                "message": "No data produced from map 'mapTest', please check source profile "
                "and make sure it matches source data.",
                "inboundDocumentSize": ["Long", "0"],
                "outboundDocumentSize": ["Long", "0"],
            }
        ]
    }
}
HISTORY = """
query History($process: ID!, $since: DateTime!, $status: ExecutionHistoryStatus!) {
  executionHistory(input: {processId: $process, executionTime: $since, status: $status}) {
    executionId executionDuration message originalExecutionId
  }
}
"""
WHOLE = "query H($input: executionHistoryInput!) { executionHistory(input: $input) { executionId } }"


def since(time: str, status: str = "ERROR", process: str = "w") -> dict[str, str]:
    return {"process": process, "since": time, "status": status}


async def test_the_sample_request_gets_the_sample_response() -> None:
    async with asking("boomi", generated=True) as ask:
        reply = await ask.spaces(SAMPLE, operationName="executionHistory")

    assert (reply.status, reply.json) == (200, ANSWER)


async def test_another_request_for_the_same_run_gets_the_fields_it_asks_for() -> None:
    async with asking("boomi", generated=True) as ask:
        variables = since("2016-01-31T15:32:00Z", process="dbb98f81-6914-43a2-b03f-594506940dd5")
        reply = await ask.spaces(HISTORY, variables=variables)

    (printed,) = ANSWER["data"]["executionHistory"]
    assert reply.json["data"]["executionHistory"] == [
        {
            "executionId": printed["executionId"],
            "executionDuration": ["Long", "5816"],
            "message": printed["message"],
            "originalExecutionId": None,
        }
    ]


async def test_the_time_is_a_lower_bound_and_one_status_is_given() -> None:
    failed: dict[str, Any] = {"outcome": State.FAILED, "error": Problem("x")}
    runs = [some_run("old", ago=20, **failed), some_run("new", ago=10, **failed), some_run("fine", ago=10)]
    async with asking("boomi", *runs) as ask:
        found = (await ask.spaces(HISTORY, variables=since("2026-03-01T11:50:00Z"))).json["data"]["executionHistory"]
        whole = {"input": {"processId": "w", "executionTime": "2026-03-01T11:00:00Z", "status": "COMPLETE"}}
        other = (await ask.spaces(WHOLE, variables=whole)).json["data"]["executionHistory"]

    assert [row["executionId"] for row in found] == ["new"]
    assert other == [{"executionId": "fine"}]


@pytest.mark.parametrize(
    "query",
    [
        '{ executionHistory(input: {processId: "w", executionTime: "2016-01-31T15:32:00Z"}) { executionId } }',
        '{ executionHistory(input: {processId: "w", status: ERROR}) { executionId } }',
        '{ executionHistory(input: {executionTime: "2016-01-31T15:32:00Z", status: ERROR}) { executionId } }',
        '{ executionHistory(input: {processId: "w", executionTime: "2016", status: ERROR}) { executionId } }',
        '{ executionHistory(input: {processId: "w", executionTime: "2016-01-31T15:32:00Z", status: ENQUEUED}) '
        "{ executionId } }",
        '{ executionHistory(input: {processId: "w", executionTime: "2016-01-31T15:32:00Z", status: ERROR}) '
        "{ nodeId } }",
        "{ executionHistory(",
    ],
)
async def test_a_wrong_request_gets_errors_and_200(query: str) -> None:
    async with asking("boomi") as ask:
        reply = await ask.spaces(query)

    assert reply.status == 200
    assert reply.json["errors"][0]["message"]
    assert not reply.json.get("data")


async def test_an_unknown_space_has_its_documented_error() -> None:
    async with asking("boomi") as ask:
        reply = await ask.spaces(SAMPLE, headers={"SPACE_GUID": "other"})

    error = {"message": "Space not found", "path": ["executionHistory"], "extensions": {"code": "SPACE_NOT_FOUND"}}
    assert (reply.status, reply.json) == (200, {"errors": [error], "data": None})


async def test_the_token_lives_for_five_minutes() -> None:
    async with asking("boomi") as ask:
        assert (await ask.spaces(SAMPLE)).status == 200
        ask.clocks.pass_seconds(299)
        assert (await ask.spaces(SAMPLE)).status == 200
        ask.clocks.pass_seconds(1)
        expired = await ask.spaces(SAMPLE)
        ask.tokens.clear()
        assert (await ask.spaces(SAMPLE)).status == 200

    assert (expired.status, expired.json["errors"][0]["extensions"]["code"]) == (401, "UNAUTHORIZED")


async def test_basic_credentials_are_not_taken_there() -> None:
    async with asking("boomi") as ask:
        reply = await ask.spaces(SAMPLE, headers={"Authorization": "Basic eDp5"})

    assert reply.json["errors"][0]["extensions"]["code"] == "INVALID_AUTH_METHOD"


async def test_a_burst_gets_429() -> None:
    async with asking("boomi", limits=True) as ask:
        statuses = [(await ask.spaces(SAMPLE)).status for _ in range(11)]

    assert statuses == [200] * 10 + [429]
