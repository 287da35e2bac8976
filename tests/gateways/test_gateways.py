"""Histograph inside larger graphs, through gateways that nobody here wrote: the same answers as without them."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from schema.identity import pack
from tests.gateways.conftest import Gateway, Histograph, prefixes
from tests.gateways.processes import output_of

pytestmark = [pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]
NAMES = ["apollo", "hive", "stitch"]
each_gateway = pytest.mark.parametrize("name", NAMES)
each_federating_gateway = pytest.mark.parametrize("name", ["apollo", "hive"])

ENDED = {"status": ["SUCCEEDED", "FAILED"]}
PAGE = """query Page($input: ExecutionHistoryInput, $first: Int) {
  executionHistory(input: $input, first: $first) {
    complete
    pageInfo { hasNextPage hasPreviousPage }
    sources { source provider status count error { code message retryable } }
    edges { node { id } }
    nodes {
      __typename id provider source nativeId status rawStatus startedAt endedAt durationMs
      workflow { id provider source nativeId name }
      error { code message }
      steps(first: 3) { totalCount complete nodes { __typename id name status startedAt durationMs } }
      ... on BoomiExecution { executionType atomName }
      ... on SailPointExecution { requestId }
      ... on YandexExecution { input output }
    }
  }
}"""
FAILED_AND_OLDEST = """query Two($steps: Boolean = false) {
  failed: executionHistory(input: {status: [FAILED], sources: ["boomi-eu", "identity"]}, first: 5) { ...Runs }
  oldest: executionHistory(input: {providers: BOOMI}, orderBy: STARTED_AT_ASC, first: 5) { ...Runs }
}
fragment Runs on ExecutionConnection {
  nodes { id startedAt steps @include(if: $steps) { nodes { name } } }
  complete
}"""


def day(number: int) -> dict[str, Any]:
    """One of this month before the clock is held; a day that nobody has asked for yet is fetched anew."""
    return {"startedAt": {"from": f"2026-11-{number:02}T00:00:00Z", "to": f"2026-11-{number + 1:02}T00:00:00Z"}}


def end(id: str) -> str:  # noqa: A002
    """What the neighbour builds its values from."""
    return id[-6:]


@pytest.mark.parametrize("beside", ["one made from its SDL", "the neighbour"])
async def test_three_composers_take_the_schema_and_lose_nothing_of_it(
    beside: str, behind: Histograph, neighbour: str
) -> None:
    """One made from the SDL reaches into every entity, by every key."""
    other = ["--with", f"{neighbour}/graphql"] if beside == "the neighbour" else []
    arguments = ["--strict", "--also", "wundergraph", *other]
    status, printed = await output_of("compose.mjs", f"{behind.url}/graphql", *arguments)

    assert status == 0, printed
    assert printed.count(": composed") == 3
    assert "lost" not in printed
    assert "hint" not in printed


@each_gateway
@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (PAGE, {"input": ENDED, "first": 25}),
        (PAGE, {"input": {"sources": ["flows"], "anyStep": {"status": ["FAILED"]}}, "first": 3}),
        (PAGE, {"input": {"startedAt": {"to": "2000-01-01T00:00:00Z"}, "providers": ["ARCEE"]}, "first": 1}),
        (FAILED_AND_OLDEST, {}),
        (FAILED_AND_OLDEST, {"steps": True}),
        ("{ __typename executionHistory(first: 2) { __typename nodes { raw } } }", {}),
    ],
    ids=["a page", "filtered by steps", "nothing found", "two lists", "two lists with steps", "payloads"],
)
async def test_a_gateway_gives_the_same_answer(
    name: str, query: str, variables: dict[str, Any], gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    assert await gateways[name].data(query, variables) == await direct.data(query, variables)


@each_gateway
async def test_pages_put_end_to_end_are_the_list(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    query = """query ($after: String) {
      executionHistory(first: 7, after: $after) { nodes { id } pageInfo { endCursor } } }"""
    whole = await direct.history("nodes { id }", first=21)

    found: list[dict[str, str]] = []
    after = None
    for _ in range(3):
        page = (await gateways[name].data(query, {"after": after}))["executionHistory"]
        found, after = found + page["nodes"], page["pageInfo"]["endCursor"]

    assert found == whole["nodes"]


@each_gateway
async def test_mistakes_keep_their_codes(name: str, gateways: Mapping[str, Gateway]) -> None:
    mistakes = {
        'query ($n: Int) { executionHistory(first: $n, after: "nonsense") { complete } }': "CURSOR_INVALID",
        'query ($n: Int) { executionHistory(first: $n, input: {ids: ["nonsense"]}) { complete } }': "BAD_USER_INPUT",
        'mutation ($id: ID = "x") { deleteExecution(id: $id) { deleted } }': "FORBIDDEN",
    }
    for query, code in mistakes.items():
        answer = await gateways[name].post(query, {})

        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        assert [*answer["data"].values()] == [None]


@each_gateway
async def test_a_request_that_is_refused_tells_why(name: str, gateways: Mapping[str, Gateway]) -> None:
    """Told in an answer with status 200 to callers that do not ask for more; a gateway passes it on."""
    answer = await gateways[name].post("{ executionHistory(first: 501) { complete } }")

    (error,) = answer["errors"]
    assert "501" in error["message"] or "500" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@each_federating_gateway
async def test_a_neighbour_adds_to_every_run_and_step(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    """By the interfaces' names: it knows none of the types."""
    theirs = """nodes { id costCenter workflow { id name owner { name } }
      steps(first: 2) { nodes { id name runbook } } }"""
    ours = "nodes { id workflow { id name } steps(first: 2) { nodes { id name } } }"
    runs = (await direct.history(ours, input=ENDED, first=30))["nodes"]
    assert len({run["id"] for run in runs}) == 30

    query = f"query ($input: ExecutionHistoryInput) {{ executionHistory(input: $input, first: 30) {{ {theirs} }} }}"
    found = (await gateways[name].data(query, {"input": ENDED}))["executionHistory"]["nodes"]

    for run in runs:
        run["costCenter"] = f"pays {end(run['id'])}"
        run["workflow"]["owner"] = {"name": f"team {end(run['workflow']['id'])}"}
        for step in run["steps"]["nodes"]:
            step["runbook"] = f"read {end(step['id'])}"
    assert found == runs


async def test_stitched_types_are_added_to_as_well(gateways: Mapping[str, Gateway], direct: Histograph) -> None:
    """Stitching merges types, so that the neighbour has to know each of them."""
    typed = " ".join(f"... on {prefix}Execution {{ costCenter }}" for prefix in prefixes())
    runs = (await direct.history("nodes { id status workflow { id } }", input=ENDED, first=30))["nodes"]

    query = f"""query ($input: ExecutionHistoryInput) {{ executionHistory(input: $input, first: 30) {{
      nodes {{ id status {typed} workflow {{ id owner {{ name }} }} }} }} }}"""
    found = (await gateways["stitch"].data(query, {"input": ENDED}))["executionHistory"]["nodes"]

    for run in runs:
        run["costCenter"] = f"pays {end(run['id'])}"
        run["workflow"]["owner"] = {"name": f"team {end(run['workflow']['id'])}"}
    assert found == runs


@each_federating_gateway
async def test_a_neighbour_that_holds_ids_gets_the_rest(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    """Its lists hold an id and the interface's name; the type is said by us."""
    run_fields = "__typename id source status startedAt ... on BoomiExecution { atomName }"
    step_fields = "__typename id name status"
    runs = (await direct.history(f"nodes {{ {run_fields} steps {{ nodes {{ {step_fields} }} }} }}", input=ENDED))[
        "nodes"
    ]
    steps = [step for run in runs for step in run.pop("steps")["nodes"]][:40]
    assert len({run["source"] for run in runs}) == 5

    query = f"""query ($runs: [ID!]!, $steps: [ID!]!) {{
      flagged(ids: $runs) {{ {run_fields} }} suspects(ids: $steps) {{ {step_fields} }} }}"""
    ids = {"runs": [run["id"] for run in runs], "steps": [step["id"] for step in steps]}

    assert await gateways[name].data(query, ids) == {"flagged": runs, "suspects": steps}


@each_gateway
async def test_workflows_are_owned_elsewhere(name: str, gateways: Mapping[str, Gateway], direct: Histograph) -> None:
    runs = (await direct.history("nodes { workflow { id source nativeId name } }", input=ENDED, first=30))["nodes"]
    flows = [run["workflow"] for run in runs]

    query = "query ($ids: [ID!]!) { owned(ids: $ids) { id source nativeId name owner { name } } }"
    found = await gateways[name].data(query, {"ids": [flow["id"] for flow in flows]})

    assert found["owned"] == [{**flow, "owner": {"name": f"team {end(flow['id'])}"}} for flow in flows]


@each_gateway
async def test_a_bad_key_is_an_error_with_its_code_and_the_others_are_there(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    (run,) = (await direct.history("nodes { workflow { id source nativeId name } }", first=1))["nodes"]

    query = "query ($ids: [ID!]!) { owned(ids: $ids) { id source nativeId name } }"
    answer = await gateways[name].post(query, {"ids": ["nonsense", run["workflow"]["id"]]})

    assert answer["data"]["owned"][1] == run["workflow"]
    assert {one["extensions"]["code"] for one in answer["errors"]} >= {"BAD_USER_INPUT"}


def counted(sandbox: Sandbox) -> Counter[tuple[str, str]]:
    """Calls by provider and kind, those for tokens left out; starts anew."""
    words = re.compile(r"execution-?records?|execution-?connectors?|process(?=/query)|workflows?(?=$)", re.I)
    found = Counter(
        (call.provider, (words.findall(call.path) or [call.path.split("/")[-1]])[-1])
        for call in sandbox.calls
        if "token" not in call.path
    )
    sandbox.calls.clear()
    return found


@each_gateway
async def test_a_page_costs_the_providers_what_it_costs_without_a_gateway(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph, sandbox: Sandbox
) -> None:
    """Each gateway asks for a day of its own."""
    wanted = day(13 + NAMES.index(name))
    await direct.data(PAGE, {"input": wanted, "first": 1})  # workflows are known from here on
    await gateways[name].data(PAGE, {"input": wanted, "first": 1})
    sandbox.calls.clear()

    page = await direct.data(PAGE, {"input": wanted, "first": 12})
    without = counted(sandbox)
    assert await gateways[name].data(PAGE, {"input": wanted, "first": 12}) == page

    assert counted(sandbox) == without
    assert len(page["executionHistory"]["nodes"]) == 12


@each_gateway
async def test_a_gateways_keys_are_one_request_and_one_call_of_the_source(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph, behind: Histograph, sandbox: Sandbox
) -> None:
    """Runs by the neighbour's ids, then steps: of Boomi, which gives 50 runs in a call, and the steps of 20."""
    wanted = {"sources": ["boomi-eu"], **ENDED, **day(7 + NAMES.index(name))}
    runs = (await direct.history("nodes { id status steps { nodes { id name } } }", input=wanted, first=8))["nodes"]
    steps = [step for run in runs for step in run.pop("steps")["nodes"]]
    assert len(steps) > len(runs) > 5
    of_type = "Boomi" if name == "stitch" else ""
    sandbox.calls.clear()
    behind.asked.clear()

    query = f"query ($ids: [ID!]!) {{ found: flagged{of_type}(ids: $ids) {{ id status }} }}"
    assert (await gateways[name].data(query, {"ids": [run["id"] for run in runs]}))["found"] == runs
    assert [call.path.split("/")[-2:] for call in sandbox.calls] == [["ExecutionRecord", "query"]]
    assert upstream(behind) == 1

    query = f"query ($ids: [ID!]!) {{ found: suspects{of_type}(ids: $ids) {{ id name }} }}"
    assert (await gateways[name].data(query, {"ids": [step["id"] for step in steps]}))["found"] == steps
    assert [call.path.split("/")[-2] for call in sandbox.calls] == ["ExecutionRecord", "ExecutionConnector"]
    assert upstream(behind) == 2


def upstream(histograph: Histograph) -> int:
    """Requests for which a document was executed: one that was only named by its hash is sent again."""
    return sum("query" in one.body for one in histograph.asked)


async def test_apollos_documents_travel_once(gateways: Mapping[str, Gateway], behind: Histograph) -> None:
    query = "{ executionHistory(first: 1) { nodes { id nativeId } } }"
    behind.asked.clear()

    first = await gateways["apollo"].data(query)
    again = await gateways["apollo"].data(query)

    assert again == first
    assert ["query" in one.body for one in behind.asked] == [False, True, False]


@each_gateway
async def test_the_callers_authorization_is_passed_on(
    name: str, gateways: Mapping[str, Gateway], behind: Histograph
) -> None:
    behind.asked.clear()

    await gateways[name].post("{ executionHistory(first: 1) { complete } }", authorization="Bearer canary")

    assert {one.headers.get("authorization") for one in behind.asked} == {"Bearer canary"}


async def test_apollo_client_pages_through_the_list_with_persisted_queries(direct: Histograph) -> None:
    """Its cache grows by each page; the document is sent once, then named by its hash."""
    status, printed = await output_of("client.mjs", f"{direct.url}/graphql", "3")
    assert status == 0, printed
    seen = json.loads(printed)

    history = await direct.history("nodes { id }", input=ENDED, first=30)
    assert seen["ids"] == [run["id"] for run in history["nodes"]]
    assert [(one["method"], one["withQuery"], one["status"]) for one in seen["sent"]] == [
        ("GET", False, 200),
        ("POST", True, 200),
        ("GET", False, 200),
        ("GET", False, 200),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def while_boomi_is_down(sandbox: Sandbox) -> AsyncIterator[None]:
    await sandbox.stop("boomi")
    yield
    await sandbox.start("boomi")


@pytest.mark.usefixtures("while_boomi_is_down")
@each_gateway
async def test_a_source_that_is_down_is_told_in_the_list_as_without_a_gateway(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    page = PAGE, {"input": day(10 + NAMES.index(name)), "first": 40}
    found = await gateways[name].data(*page)

    assert found == await direct.data(*page)
    history = found["executionHistory"]
    outcomes = {one["source"]: one for one in history["sources"]}
    assert history["complete"] is False
    assert (outcomes["boomi-eu"]["status"], outcomes["boomi-eu"]["error"]["code"]) == ("FAILED", "UNREACHABLE")
    assert {run["source"] for run in history["nodes"]} == {"flows", "llm", "reports", "identity"}


@pytest.mark.usefixtures("while_boomi_is_down")
@each_gateway
async def test_a_key_of_a_source_that_is_down_is_null_and_an_error_and_the_others_are_there(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    (there,) = (await direct.history("nodes { id source status }", input={"sources": ["flows"], **ENDED}, first=1))[
        "nodes"
    ]
    lost = pack("boomi-eu", "any-process", f"execution-{name}-2026.11.01")  # by an id that nobody can remember
    types = ("Boomi", "Yandex") if name == "stitch" else ("", "")
    query = f"""query ($lost: [ID!]!, $there: [ID!]!) {{
      there: flagged{types[1]}(ids: $there) {{ id source status }}
      lost: flagged{types[0]}(ids: $lost) {{ id source status }} }}"""

    answer = await gateways[name].post(query, {"lost": [lost], "there": [there["id"]]})

    assert answer["data"]["there"] == [there]
    assert answer["data"]["lost"] in ([None], None, [{"id": lost, "source": None, "status": None}])
    told = [one["extensions"] for one in answer.get("errors", []) if "sourceErrorCode" in one["extensions"]]
    codes = {(one["code"], one["source"], one["sourceErrorCode"]) for one in told}
    # Hive drops what went wrong with a key that a neighbour holds by the name of an interface
    assert codes == (set() if name == "hive" else {("SOURCE_ERROR", "boomi-eu", "UNREACHABLE")})
