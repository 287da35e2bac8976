"""Strawberry, with the same types over the same data as dataclasses. `uvicorn --factory`.

Parsed documents and the outcome of their validation are kept, as its guide advises for production.
"""

from enum import Enum
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from bench import data
from bench.peers.settled import settle
from schema.model import ExecutionStatus

strawberry.enum(ExecutionStatus)
DateTime = NewType("DateTime", str)
SCALARS = {DateTime: strawberry.scalar(name="DateTime", serialize=lambda value: value, parse_value=DateTime)}


@strawberry.enum
class ExecutionProvider(Enum):
    BOOMI = "BOOMI"
    YANDEX = "YANDEX"
    ARCEE = "ARCEE"
    INFORMER = "INFORMER"
    SAILPOINT = "SAILPOINT"


@strawberry.type
class Workflow:
    id: strawberry.ID
    provider: ExecutionProvider
    source: str
    native_id: str
    name: str | None


@strawberry.type
class ExecutionError:
    code: str | None
    message: str


@strawberry.interface
class ExecutionStep:
    id: strawberry.ID
    native_id: str | None
    name: str
    type: str | None
    status: ExecutionStatus
    raw_status: str
    started_at: DateTime | None
    ended_at: DateTime | None
    duration_ms: float | None
    attempts: int | None


@strawberry.type
class ExecutionStepConnection:
    nodes: list[ExecutionStep | None]


@strawberry.interface
class Execution:
    id: strawberry.ID
    provider: ExecutionProvider
    source: str
    native_id: str
    workflow: Workflow | None
    status: ExecutionStatus
    raw_status: str
    started_at: DateTime | None
    ended_at: DateTime | None
    duration_ms: float | None
    error: ExecutionError | None
    all_steps: strawberry.Private[list[ExecutionStep]]

    @strawberry.field
    def steps(self, first: int = 100) -> ExecutionStepConnection | None:
        return ExecutionStepConnection(nodes=self.all_steps[:first])


RUNS = {
    f"{kind}Execution": strawberry.type(type(f"{kind}Execution", (Execution,), {})) for _, kind in data.SOURCES.values()
}
STEPS = {f"{kind}Step": strawberry.type(type(f"{kind}Step", (ExecutionStep,), {})) for _, kind in data.SOURCES.values()}


@strawberry.type
class ExecutionConnection:
    nodes: list[Execution | None]
    complete: bool


HISTORY: list[Execution] = []


@strawberry.type
class Query:
    @strawberry.field
    def execution_history(self, first: int = 50) -> ExecutionConnection | None:
        return ExecutionConnection(nodes=HISTORY[:first], complete=True)


def application() -> Starlette:
    HISTORY.extend(_run(row) for row in data.runs())
    made = strawberry.Schema(
        query=Query,
        types=[*RUNS.values(), *STEPS.values()],
        extensions=[ParserCache(maxsize=100), ValidationCache(maxsize=100)],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    application = Starlette(routes=[Route("/graphql", GraphQL(made, graphql_ide=None))])
    settle()
    return application


def _run(row: data.Json) -> Execution:
    flow, error = row["workflow"], row["error"]
    made: Execution = RUNS[row["__typename"]](
        id=row["id"],
        provider=ExecutionProvider[row["provider"]],
        source=row["source"],
        native_id=row["nativeId"],
        workflow=Workflow(
            id=flow["id"],
            provider=ExecutionProvider[flow["provider"]],
            source=flow["source"],
            native_id=flow["nativeId"],
            name=flow["name"],
        ),
        error=None if error is None else ExecutionError(code=error["code"], message=error["message"]),
        all_steps=[_step(one) for one in row["steps"]["nodes"]],
        **_timed(row),
    )
    return made


def _step(row: data.Json) -> ExecutionStep:
    made: ExecutionStep = STEPS[row["__typename"]](
        id=row["id"],
        native_id=row["nativeId"],
        name=row["name"],
        type=row["type"],
        attempts=row["attempts"],
        **_timed(row),
    )
    return made


def _timed(row: data.Json) -> dict[str, Any]:
    return {
        "status": ExecutionStatus(row["status"]),
        "raw_status": row["rawStatus"],
        "started_at": row["startedAt"],
        "ended_at": row["endedAt"],
        "duration_ms": row["durationMs"],
    }
