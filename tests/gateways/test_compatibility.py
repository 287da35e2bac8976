"""Apollo's checks of subgraphs: those that apply to our schema, through two gateways, and why the others do not."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode, parse, value_from_ast_untyped

import schema
from tests.gateways.conftest import Gateway, Histograph

pytestmark = [pytest.mark.heavy, pytest.mark.asyncio(loop_scope="module")]
each_gateway = pytest.mark.parametrize("name", ["apollo", "hive"])

APPLY = {
    "_service": "test_the_sdl_is_served_as_written",
    "@link": "test_federation_is_linked_to_with_what_is_used_of_it",
    "@key (single)": "test_every_type_with_a_key_is_found_by_it",
    "@shareable": "test_a_type_may_be_a_neighbours_as_well",
    "@interfaceObject": "test_what_a_neighbour_knows_by_an_interface_is_answered",
}
DO_NOT_APPLY = {
    "@key (multiple)": "an entity has the one id that we give it",
    "@key (composite)": "the id is opaque, and holds its parts",
    "repeatable @key": "as multiple keys",
    "@requires": "nothing of ours is made from what a neighbour has",
    "@provides": "nothing of ours gives an entity that is a neighbour's",
    "@override": "nothing was taken over from another subgraph",
    "@tag": "all of the schema is for everybody",
    "@inaccessible": "as @tag",
    "@composeDirective": "no directive is our own: @cost and @listSize are Federation's",
    "ftv1": "traces in answers, for Apollo's own studio",
}
BEYOND = {"@cost", "@listSize"}
"Federation's too; Apollo checks them by composing, as we do."

CURSORS = {"startCursor": None, "endCursor": None}
"They hold when the list was asked for."
ENDED = {"status": ["SUCCEEDED", "FAILED"]}
SDL = parse(schema.sdl())
KEYED = {
    node.name.value
    for node in SDL.definitions
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
    and any(one.name.value == "key" for one in node.directives or ())
}


async def test_each_check_is_run_or_said_not_to_apply() -> None:
    assert all(callable(globals()[test]) for test in APPLY.values())
    assert not APPLY.keys() & DO_NOT_APPLY.keys()
    assert len(APPLY) + len(DO_NOT_APPLY) == 15


async def test_the_sdl_is_served_as_written(direct: Histograph) -> None:
    assert await direct.data("{ _service { sdl } }") == {"_service": {"sdl": schema.sdl()}}


async def test_federation_is_linked_to_with_what_is_used_of_it() -> None:
    """So that a directive that comes to be used moves its check into those that apply."""
    (link,) = [one for node in SDL.definitions for one in getattr(node, "directives", None) or () if named(one, "link")]
    told = {argument.name.value: value_from_ast_untyped(argument.value) for argument in link.arguments}

    assert told["url"] == "https://specs.apollo.dev/federation/v2.9"
    assert set(told["import"]) - BEYOND == {"@key", "@shareable"}
    assert {check.split()[0] for check in APPLY} == {"_service", "@link", "@key", "@shareable", "@interfaceObject"}


def named(directive: Any, name: str) -> bool:
    return bool(directive.name.value == name)


async def one_of_each(direct: Histograph) -> dict[str, list[str]]:
    """An id for each type with a key, by its name; for an interface one of each of its types."""
    fields = "nodes { __typename id workflow { __typename id } steps(first: 1) { nodes { __typename id } } }"
    found: dict[str, list[str]] = {}
    for run in (await direct.history(fields, input=ENDED, first=60))["nodes"]:
        steps = run["steps"]["nodes"]
        for family, one in [
            ("Execution", run),
            ("Workflow", run["workflow"]),
            *(("ExecutionStep", one) for one in steps),
        ]:
            if one["__typename"] not in found:
                found[one["__typename"]] = [one["id"]]
                if family != "Workflow":
                    found.setdefault(family, []).append(one["id"])
    return found


async def test_every_type_with_a_key_is_found_by_it(direct: Histograph) -> None:
    """By its own name, and by its interface's."""
    found = await one_of_each(direct)
    assert found.keys() == KEYED

    keys = [{"__typename": name, "id": one} for name, ids in found.items() for one in ids]
    query = "query ($keys: [_Any!]!) { _entities(representations: $keys) { __typename ...I ...S ...W } }"
    fragments = "fragment I on Execution { id } fragment S on ExecutionStep { id } fragment W on Workflow { id }"
    entities = (await direct.data(f"{query} {fragments}", {"keys": keys}))["_entities"]

    assert [one["id"] for one in entities] == [key["id"] for key in keys]
    own = {ids[0]: name for name, ids in found.items() if name not in ("Execution", "ExecutionStep")}
    assert [one["__typename"] for one in entities] == [own[key["id"]] for key in keys]


@each_gateway
async def test_a_type_may_be_a_neighbours_as_well(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph, behind: Histograph
) -> None:
    """Who gives a page tells of it alone."""
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    ours = await direct.history(page, input={"sources": ["flows"]}, first=1)
    behind.asked.clear()

    query = f"""query ($input: ExecutionHistoryInput) {{
      reviewed(ids: ["any"]) {{ {page} }} executionHistory(input: $input, first: 1) {{ {page} }} }}"""
    found = await gateways[name].data(query, {"input": {"sources": ["flows"]}})

    theirs = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": "any"}
    assert found["reviewed"] == {"pageInfo": theirs}
    assert {**found["executionHistory"]["pageInfo"], **CURSORS} == {**ours["pageInfo"], **CURSORS}
    assert sum("query" in one.body for one in behind.asked) == 1


@each_gateway
@pytest.mark.parametrize(
    "fields",
    [
        "__typename",
        "status startedAt",
        "... on BoomiExecution { atomName } ... on SailPointExecution { requestId }",
        "status ... on YandexExecution { provider } ... on Execution { rawStatus }",
        "steps(first: 2) { nodes { __typename id name } }",
        "workflow { id name }",
    ],
)
async def test_what_a_neighbour_knows_by_an_interface_is_answered(
    fields: str, name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    """What it adds stands beside what we say of the run, whatever its type is."""
    ids = (await one_of_each(direct))["Execution"]
    query = "query ($ids: [ID!]!) { found: %s }"
    runs = (await direct.history(f"nodes {{ id {fields} }}", input={"ids": ids}))["nodes"]
    assert len(runs) == 5

    flagged = f"flagged(ids: $ids) {{ id costCenter {fields} }}"
    found = (await gateways[name].data(query % flagged, {"ids": [run["id"] for run in runs]}))["found"]

    assert found == [{**run, "costCenter": f"pays {run['id'][-6:]}"} for run in runs]


@each_gateway
async def test_what_a_neighbour_knows_by_the_interface_of_steps_is_answered(
    name: str, gateways: Mapping[str, Gateway], direct: Histograph
) -> None:
    found = await one_of_each(direct)
    own = {ids[0]: name for name, ids in found.items() if name.endswith("Step") and name != "ExecutionStep"}

    query = """query ($ids: [ID!]!) { suspects(ids: $ids) { __typename runbook ... on ExecutionStep { id } } }"""
    told = (await gateways[name].data(query, {"ids": found["ExecutionStep"]}))["suspects"]

    assert told == [
        {"__typename": own[one], "runbook": f"read {one[-6:]}", "id": one} for one in found["ExecutionStep"]
    ]
