"""What one would write by hand to ask five providers at once: aiohttp, `asyncio.gather`, msgspec. `uvicorn --factory`.

It makes the calls that Histograph makes for the two questions of the cold table, decodes the fields that they show and
no other, sorts, and answers over HTTP. It remembers nothing, retries nothing and takes no failure.
"""

import asyncio
import contextlib
import json
import os
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.settled import settle

FIRST = 50
BOOMI_AT_ONCE = 20
WORDS = {
    "COMPLETE": "SUCCEEDED",
    "FINISHED": "SUCCEEDED",
    "COMPLETED": "SUCCEEDED",
    "completed": "SUCCEEDED",
    "Completed": "SUCCEEDED",
    "success": "SUCCEEDED",
    "ERROR": "FAILED",
    "FAILED": "FAILED",
    "failed": "FAILED",
    "Failed": "FAILED",
    "failure": "FAILED",
}


class BoomiRun(Struct, rename="camel"):
    execution_id: str
    execution_time: str
    status: str


class BoomiRuns(Struct):
    result: list[BoomiRun] = []


class BoomiStep(Struct, rename="camel"):
    execution_id: str
    execution_connector: str
    error_count: int = 0


class BoomiSteps(Struct):
    result: list[BoomiStep] = []


class YandexRun(Struct, rename="camel"):
    id: str
    started_at: str
    status: str


class YandexRuns(Struct):
    executions: list[YandexRun] = []


class YandexStep(Struct):
    id: str
    status: str
    title: str | None = None


class YandexSteps(Struct):
    entries: list[YandexStep] = []


class ArceeRun(Struct):
    id: str
    start_time: str
    status: str


class ArceeStep(Struct):
    node_id: str
    start_time: str
    status: str


class InformerRun(Struct, rename="camel"):
    id: str
    duration: list[str]
    success: bool


class Embedded(Struct, rename={"history": "inf:job-history"}):
    history: list[InformerRun] = []


class InformerRuns(Struct, rename={"embedded": "_embedded"}):
    embedded: Embedded


class Options(Struct):
    name: str | None = None


class Task(Struct):
    key: str
    opts: Options = field(default_factory=Options)


class Result(Struct):
    status: str


class Progress(Struct):
    task: Task
    result: Result


class InformerSteps(Struct):
    progress: list[Progress]


class SailPointRun(Struct, rename="camel"):
    id: str
    start_time: str
    status: str


class Attributes(Struct, rename="camel"):
    display_name: str = ""
    step_name: str = ""


class Event(Struct):
    type: str
    attributes: Attributes = field(default_factory=Attributes)


class Row(Struct):
    """A run, with what it takes to sort it and to ask for its steps."""

    at: str
    provider: str
    flow: str
    id: str
    status: str
    started: str


class Asked(Struct, rename="camel"):
    operation_name: str


def row(provider: str, flow: str, native: str, status: str, started: str) -> Row:
    """Times have 0 to 9 digits of a fraction; they are sorted as text with all nine."""
    return Row(started[:19] + started[20:-1].ljust(9, "0"), provider, flow, native, status, started)


Step = dict[str, str]
BOOMI_RUNS = msgspec.json.Decoder(BoomiRuns).decode
BOOMI_STEPS = msgspec.json.Decoder(BoomiSteps).decode
YANDEX_RUNS = msgspec.json.Decoder(YandexRuns).decode
YANDEX_STEPS = msgspec.json.Decoder(YandexSteps).decode
ARCEE_RUNS = msgspec.json.Decoder(list[ArceeRun]).decode
ARCEE_STEPS = msgspec.json.Decoder(list[ArceeStep]).decode
INFORMER_RUNS = msgspec.json.Decoder(InformerRuns).decode
INFORMER_STEPS = msgspec.json.Decoder(InformerSteps).decode
SAILPOINT_RUNS = msgspec.json.Decoder(list[SailPointRun]).decode
SAILPOINT_STEPS = msgspec.json.Decoder(list[Event]).decode


class Providers:
    """The five APIs."""

    def __init__(self, sources: dict[str, dict[str, Any]], flows: Sequence[str], control: str) -> None:
        self._base = {one["provider"]: one["base_url"] for one in sources.values()}
        self._account = next(one["account_id"] for one in sources.values() if one["provider"] == "boomi")
        self._flows = flows
        self._control = control
        self._headers: dict[str, dict[str, str]] = {}
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        await self._session.close()

    async def runs(self) -> list[Row]:
        if not self._headers:
            async with self._session.get(f"{self._control}/credentials") as answered:
                self._headers = {name: {"Authorization": one} for name, one in (await answered.json()).items()}
        lists: list[Awaitable[list[Row]]] = [self._boomi()]
        for flow in self._flows:
            lists += [self._yandex(flow), self._arcee(flow), self._informer(flow), self._sailpoint(flow)]
        rows = [one for some in await asyncio.gather(*lists) for one in some]
        rows.sort(key=lambda one: one.at, reverse=True)
        return rows[:FIRST]

    async def steps(self, rows: Sequence[Row]) -> list[list[Step]]:
        of_one: dict[str, Callable[[Row], Awaitable[list[Step]]]] = {
            "YANDEX": self._yandex_steps,
            "ARCEE": self._arcee_steps,
            "INFORMER": self._informer_steps,
            "SAILPOINT": self._sailpoint_steps,
        }
        others = [one for one in rows if one.provider != "BOOMI"]
        boomi = [one.id for one in rows if one.provider == "BOOMI"]
        groups = [boomi[at : at + BOOMI_AT_ONCE] for at in range(0, len(boomi), BOOMI_AT_ONCE)]
        many, single = await asyncio.gather(
            asyncio.gather(*(self._boomi_steps(group) for group in groups)),
            asyncio.gather(*(of_one[one.provider](one) for one in others)),
        )
        found = {("BOOMI", name): steps for some in many for name, steps in some.items()}
        found |= {(one.provider, one.id): steps for one, steps in zip(others, single, strict=True)}
        return [found[one.provider, one.id] for one in rows]

    async def _get(self, provider: str, path: str, **params: str | int) -> bytes:
        url = f"{self._base[provider]}{path}"
        async with self._session.get(url, params=params, headers=self._headers[provider]) as answered:
            answered.raise_for_status()
            return await answered.read()

    async def _post(self, provider: str, path: str, body: object) -> bytes:
        headers = {**self._headers[provider], "Content-Type": "application/json", "Accept": "application/json"}
        data = msgspec.json.encode(body)
        async with self._session.post(f"{self._base[provider]}{path}", data=data, headers=headers) as answered:
            answered.raise_for_status()
            return await answered.read()

    async def _boomi(self) -> list[Row]:
        newest = {"QuerySort": {"sortField": [{"fieldName": "executionTime", "sortOrder": "DESC"}]}}
        body = await self._post("boomi", f"/api/rest/v1/{self._account}/ExecutionRecord/query", newest)
        runs = BOOMI_RUNS(body).result
        return [row("BOOMI", "", one.execution_id, WORDS[one.status], one.execution_time) for one in runs]

    async def _yandex(self, flow: str) -> list[Row]:
        body = await self._get("yandex", "/workflows/v1/execution", workflowId=flow, pageSize=FIRST)
        runs = YANDEX_RUNS(body).executions
        return [row("YANDEX", flow, one.id, WORDS[one.status], one.started_at) for one in runs]

    async def _arcee(self, flow: str) -> list[Row]:
        runs = ARCEE_RUNS(await self._get("arcee", f"/workflows/{flow}/runs", limit=FIRST, offset=0))
        return [row("ARCEE", flow, one.id, WORDS[one.status], f"{one.start_time}") for one in runs]

    async def _informer(self, flow: str) -> list[Row]:
        body = await self._get("informer", f"/api/jobs/{flow}/history", sort="-createdAt", limit=FIRST, start=0)
        runs = INFORMER_RUNS(body).embedded.history
        return [row("INFORMER", flow, one.id, STATES[one.success], one.duration[0]) for one in runs]

    async def _sailpoint(self, flow: str) -> list[Row]:
        runs = SAILPOINT_RUNS(await self._get("sailpoint", f"/v2025/workflows/{flow}/executions", limit=250, offset=0))
        return [row("SAILPOINT", flow, one.id, WORDS[one.status], one.start_time) for one in runs]

    async def _boomi_steps(self, ids: Sequence[str]) -> dict[str, list[Step]]:
        each = [{"operator": "EQUALS", "property": "executionId", "argument": [one]} for one in ids]
        some = each[0] if len(each) == 1 else {"operator": "or", "nestedExpression": each}
        asked = {"QueryFilter": {"expression": some}}
        body = await self._post("boomi", f"/api/rest/v1/{self._account}/ExecutionConnector/query", asked)
        found: dict[str, list[Step]] = {one: [] for one in ids}
        for one in BOOMI_STEPS(body).result:
            found[one.execution_id].append({"name": one.execution_connector, "status": STATES[not one.error_count]})
        return found

    async def _yandex_steps(self, run: Row) -> list[Step]:
        steps = YANDEX_STEPS(await self._get("yandex", f"/workflows/v1/execution/{run.id}/history")).entries
        return [{"name": one.title or one.id, "status": WORDS[one.status]} for one in steps]

    async def _arcee_steps(self, run: Row) -> list[Step]:
        steps = ARCEE_STEPS(await self._get("arcee", f"/workflows/{run.flow}/runs/{run.id}/steps"))
        steps.sort(key=lambda one: one.start_time)
        return [{"name": one.node_id, "status": WORDS[one.status]} for one in steps]

    async def _informer_steps(self, run: Row) -> list[Step]:
        steps = INFORMER_STEPS(await self._get("informer", f"/api/jobs/{run.flow}/history/{run.id}")).progress
        return [{"name": one.task.opts.name or one.task.key, "status": WORDS[one.result.status]} for one in steps]

    async def _sailpoint_steps(self, run: Row) -> list[Step]:
        path = f"/v2025/workflow-executions/{run.id}/history"
        steps: dict[str, Step] = {}
        for one in SAILPOINT_STEPS(await self._get("sailpoint", path, limit=250, offset=0)):
            if one.type.startswith("ActivityTask"):
                state = WORDS.get(one.type.removeprefix("ActivityTask"), "")
                steps[one.attributes.step_name] = {"name": one.attributes.display_name, "status": state}
        return list(steps.values())


STATES = {True: "SUCCEEDED", False: "FAILED"}


def application() -> Starlette:
    """`BENCH_SETTINGS`: the sources; `BENCH_FLOWS`: how many workflows each has; `BENCH_UPSTREAM`: who lends tokens."""
    sources = tomllib.loads(Path(os.environ["BENCH_SETTINGS"]).read_text())["sources"]
    flows = [f"flow-{at:03d}" for at in range(json.loads(os.environ["BENCH_FLOWS"]))]
    read = msgspec.json.Decoder(Asked).decode
    made: list[Providers] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        made.append(Providers(sources, flows, os.environ["BENCH_UPSTREAM"]))
        yield
        await made[0].close()

    async def graphql(request: Request) -> Response:
        asked = read(await request.body())
        rows = await made[0].runs()
        nodes: list[dict[str, Any]] = [
            {"provider": one.provider, "nativeId": one.id, "status": one.status, "startedAt": one.started}
            for one in rows
        ]
        if asked.operation_name == "RunsWithSteps":
            for node, steps in zip(nodes, await made[0].steps(rows), strict=True):
                node["steps"] = {"nodes": steps}
        history = {"nodes": nodes, "complete": True}
        body = msgspec.json.encode({"data": {"executionHistory": history}})
        return Response(body, media_type="application/json")

    application = Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)
    settle()
    return application
