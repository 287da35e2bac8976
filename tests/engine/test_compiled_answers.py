"""Compiled or walked by graphql-core, an answer is the same: values, order of keys, errors.

2,000 cases; HISTOGRAPH_CASES more.
"""

import json
import os
from typing import Any

import msgspec
import pytest
from graphql import DocumentNode, ExecutionResult, GraphQLResolveInfo, execute, parse, print_schema, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from app import build_schema, compile_selections
from connectors.contract import StepList
from connectors.registry import find_providers
from engine.compiled import Compiled
from resolvers.context import Context, House, Source
from schema.model import ExecutionConnection, Workflow
from settings import ServerSettings, Settings
from tests.engine.documents_drawn import draw_document
from tests.engine.drawn import Dice, Drawn, draw_answer
from tests.serving.test_fuzz import SCALARS

CASES = int(os.environ.get("HISTOGRAPH_CASES", "2000"))
PARTS, ANSWERS = 4, 5

SCHEMA = build_schema(find_providers())
PRINTED = print_schema(SCHEMA)
PAGES = from_schema(PRINTED, custom_scalars=SCALARS, fields=["executionHistory"])


async def resolve_page(_root: object, info: GraphQLResolveInfo[Context], **_: Any) -> ExecutionConnection:
    return info.context.pages[0]


def resolve_entities(_root: object, info: GraphQLResolveInfo[Context], **_: Any) -> list[Any]:
    """Runs, their steps, workflows, and one that cannot be had."""
    found: list[Any] = [edge.node for edge in info.context.pages[0].edges]
    for source in info.context.house.sources:
        known = source.connector.steps.values()  # type: ignore[attr-defined]
        found += [step for steps in known if isinstance(steps, StepList) for step in steps.steps[:1]]
        found.append(Workflow(source=source.name, provider=source.connector.provider, native_id="w0"))
    return found


assert SCHEMA.query_type is not None
SCHEMA.query_type.fields["executionHistory"].resolve = resolve_page
SCHEMA.query_type.fields["_entities"].resolve = resolve_entities


def compiled(kept_mb: int) -> Compiled:
    cache = msgspec.structs.replace(Settings(server=ServerSettings(), sources={}).cache, kept_mb=kept_mb)
    return compile_selections(SCHEMA, Settings(server=ServerSettings(), cache=cache, sources={}))


async def answered(
    document: DocumentNode,
    variables: dict[str, Any],
    page: ExecutionConnection,
    sources: list[Drawn],
    by: Compiled | None,
) -> ExecutionResult:
    context = Context(House(sources=[Source(source) for source in sources]), pages=[page])
    result = execute(
        SCHEMA,
        document,
        context_value=context,
        variable_values=variables,
        hide_suggestions=True,
        executor_class=None if by is None else by.executor,
    )
    return result if isinstance(result, ExecutionResult) else await result


def told(result: ExecutionResult, by: Compiled) -> tuple[str, list[str]]:
    """Values with the order of their keys, and errors. Those of different fields come in the order of their answers."""
    text = by.encode(result.data)
    ordered = json.dumps(json.loads(text, parse_constant=str))
    return ordered, sorted(json.dumps(error.formatted, default=str) for error in result.errors or ())


BY = [compiled(0), compiled(8)]


async def check(
    document: DocumentNode, variables: dict[str, Any], page: ExecutionConnection, sources: list[Drawn], told_as: str
) -> None:
    expected = told(await answered(document, variables, page, sources, None), BY[0])
    for one in BY:
        for _ in range(2):  # the second time from what was kept
            assert told(await answered(document, variables, page, sources, one), one) == expected, told_as


@pytest.mark.parametrize("part", range(PARTS))
async def test_dense_documents(part: int) -> None:
    """Each with several answers, as a document meets them."""
    found, seed = 0, part
    while found < CASES * 3 / 4 / PARTS:
        dice = Dice(seed)
        document = parse(text := draw_document(dice, SCHEMA))
        seed += PARTS
        for _ in range(0 if validate(SCHEMA, document) else ANSWERS):
            drawn = {"yes": dice.choice([None, True, False]), "n": dice.choice([None, 1, 3, 0]), "no": dice.falls(2)}
            variables = {name: value for name, value in drawn.items() if value is not None}
            await check(document, variables, *draw_answer(dice), f"seed {seed - PARTS}: {text} {variables}")
            found += 1


@settings(max_examples=CASES // 4, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(document=PAGES, seed=st.integers(0, 2**32))
async def test_documents_of_a_stranger(document: str, seed: int) -> None:
    await check(parse(document), {}, *draw_answer(Dice(seed)), document)


def test_both_ways_were_gone() -> None:
    """Most answers are regular, and some are not."""
    for one in BY:
        assert one.uses["compiled"] > CASES
        assert one.uses["walked"] > CASES / 20
    assert len(BY[1].project.kept or ()) > 0
