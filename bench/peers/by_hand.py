"""What one would write by hand for these three questions alone: starlette, msgspec, no GraphQL. `uvicorn --factory`.

The data are structs; what is asked for is picked from them anew for each request, and encoded.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import data
from bench.peers.settled import settle


class Workflow(Struct, rename="camel"):
    id: str
    name: str


class Error(Struct, rename="camel"):
    code: str
    message: str


class Step(Struct, rename="camel"):
    id: str
    name: str
    type: str
    status: str
    raw_status: str
    started_at: str | None
    ended_at: str | None
    duration_ms: float | None
    attempts: int


class Steps(Struct):
    nodes: list[Step]


class Run(Struct, rename="camel"):
    id: str
    provider: str
    source: str
    native_id: str
    status: str
    raw_status: str
    started_at: str | None
    ended_at: str | None
    duration_ms: float | None
    workflow: Workflow
    error: Error | None
    steps: Steps


class Asked(Struct, rename="camel"):
    operation_name: str


Row = dict[str, Any]


def in_list(run: Run) -> Row:
    return {"id": run.id, "status": run.status, "startedAt": run.started_at, "durationMs": run.duration_ms}


def in_details(run: Run) -> Row:
    return {
        "id": run.id,
        "provider": run.provider,
        "source": run.source,
        "nativeId": run.native_id,
        "status": run.status,
        "rawStatus": run.raw_status,
        "startedAt": run.started_at,
        "endedAt": run.ended_at,
        "durationMs": run.duration_ms,
        "workflow": {"id": run.workflow.id, "name": run.workflow.name},
    }


def with_steps(run: Run) -> Row:
    error = run.error
    return {
        "id": run.id,
        "provider": run.provider,
        "source": run.source,
        "nativeId": run.native_id,
        "status": run.status,
        "rawStatus": run.raw_status,
        "startedAt": run.started_at,
        "endedAt": run.ended_at,
        "durationMs": run.duration_ms,
        "workflow": {"id": run.workflow.id, "name": run.workflow.name},
        "error": None if error is None else {"code": error.code, "message": error.message},
        "steps": {
            "nodes": [
                {
                    "id": step.id,
                    "name": step.name,
                    "type": step.type,
                    "status": step.status,
                    "rawStatus": step.raw_status,
                    "startedAt": step.started_at,
                    "endedAt": step.ended_at,
                    "durationMs": step.duration_ms,
                    "attempts": step.attempts,
                }
                for step in run.steps.nodes
            ]
        },
    }


SHAPES: dict[str, tuple[int, Callable[[Run], Row]]] = {
    "List": (20, in_list),
    "Details": (100, in_details),
    "Steps": (100, with_steps),
}


def answer(runs: Sequence[Run], asked: Asked) -> bytes:
    first, project = SHAPES[asked.operation_name]
    history = {"nodes": [project(run) for run in runs[:first]], "complete": True}
    return msgspec.json.encode({"data": {"executionHistory": history}})


def application() -> Starlette:
    made = make()
    settle()
    return made


def make() -> Starlette:
    runs = msgspec.convert(data.runs(), list[Run])
    read = msgspec.json.Decoder(Asked).decode

    async def graphql(request: Request) -> Response:
        return Response(answer(runs, read(await request.body())), media_type="application/json")

    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"])])
