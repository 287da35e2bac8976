"""Arcee Orchestra: bare arrays by limit and offset, a run as a list of one, plain text for a wrong token.

New runs shift the offsets. `outputs` is a text, an object or null, as it comes; a status word that nobody documented
turns up now and then.
"""

from collections.abc import Iterable
from typing import ClassVar

from aiohttp import web

from sandbox.answers import Refused, answer, whole_number
from sandbox.dice import dice
from sandbox.model import JSON, SECOND, Run, State, Step, Workflow
from sandbox.providers.base import PAGE_SIZE, Provider, Settings, bearer
from sandbox.stamps import stamp
from sandbox.steps import payload

API_TOKEN = "sandbox-arcee-token"  # noqa: S105  (a sandbox keeps no secrets)
PREFIX = "/api/v1/workflow"

STATUS = {
    State.QUEUED: "pending", State.RUNNING: "running", State.PAUSED: "paused", State.SUCCEEDED: "completed",
    State.WARNED: "completed", State.FAILED: "failed", State.CANCELED: "canceled", State.ABORTED: "canceled",
    State.DISCARDED: "canceled", State.ODD: "evaluated",
}  # fmt: skip

_ANSWERS = (
    "The customer was charged twice for one order. A refund of the second charge is drafted and waits for approval.",
    "Three clauses differ from the template: liability is uncapped, notice is 90 days, the court is abroad.",
    "Summary: the buyer wants a pilot in May.\n\nNext steps:\n1. Send the security questionnaire\n2. Book a workshop",
    "No sources contradict the claim. Two of them name the same study.",
)


class Arcee(Provider):
    """The Arcee Orchestra server."""

    name: ClassVar[str] = "arcee"
    source: ClassVar[str] = "llm"

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Workflows, their runs, the runs' steps."""
        runs = PREFIX + "/workflows/{workflow}/runs"
        yield web.get(PREFIX + "/workflows", self._workflows)
        yield web.get(runs, self._list)
        yield web.get(runs + "/{run}", self._get)
        yield web.get(runs + "/{run}/steps", self._steps)

    def settings(self, url: str) -> Settings:
        """With a token that never expires."""
        return {
            "provider": self.name,
            "base_url": url + PREFIX,
            "api_token": API_TOKEN,
            "requests_per_second": 50,
            "max_connections": 16,
        }

    def lost(self, status: int) -> Refused:
        """No such path, or not with this method."""
        return Refused(status, {"detail": "Not Found" if status == 404 else "Method Not Allowed"})

    async def _workflows(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        return answer([_workflow(flow) for flow in self.world.workflows.values()])

    async def _list(self, request: web.Request) -> web.Response:
        flow, now = self._flow(request), self.now
        wrong = Refused(400, {"detail": "limit and offset are whole numbers"})
        limit = whole_number(request.query.get("limit", "100"), wrong)
        offset = whole_number(request.query.get("offset", "0"), wrong)
        limit = request.get(PAGE_SIZE, limit)
        runs = self.world.visible(now, flow.id)[offset : offset + limit]
        return answer([self._body(run, now) for run in runs])

    async def _get(self, request: web.Request) -> web.Response:
        run, now = self._run(request), self.now
        return answer([self._body(run, now)] if run else [])

    async def _steps(self, request: web.Request) -> web.Response:
        run, now = self._run(request), self.now
        if run is None:
            raise Refused(404, {"detail": "Run not found"})
        begun = [step for step in self.world.steps(run) if step.started_at <= now]
        return answer(run.wire.get("steps") or [_step(run, step, index, now) for index, step in enumerate(begun)])

    def _body(self, run: Run, now: int) -> dict[str, JSON]:
        state, end = run.state(now), run.end(now)
        inputs = {"prompt": f"Work on order {payload(run, self.world.seed)['order']}"}
        text = _ANSWERS[dice(run.id, len(_ANSWERS))]
        done = state in (State.SUCCEEDED, State.WARNED)
        outputs = (
            (text, {"answer": text, "score": dice(run.id, 100) / 100}, None)[dice(run.id, 16) % 3] if done else None
        )
        body: dict[str, JSON] = {
            "id": run.id,
            "status": STATUS[state],
            **_times(run.started_at, end, now),
            "error": run.error.message if run.error and state is State.FAILED else None,
            "outputs": outputs,
            "all_outputs": {**inputs, **({"model": text} if done else {})},
            "inputs": inputs,
        }
        return body | {name: value for name, value in run.wire.items() if name != "steps"}

    def _run(self, request: web.Request) -> Run | None:
        flow = self._flow(request)
        run = self.world.find(request.match_info["run"], self.now)
        return run if run and run.workflow == flow.id else None

    def _flow(self, request: web.Request) -> Workflow:
        self._authenticate(request)
        flow = self.world.workflows.get(request.match_info["workflow"])
        if flow is None:
            raise Refused(404, {"detail": "Workflow not found"})
        return flow

    def _authenticate(self, request: web.Request) -> None:
        """The documents print the header as `Authentication`, their code samples as `Authorization`.

        Either will do.
        """
        if API_TOKEN not in (bearer(request), bearer(request, "Authentication")):
            raise Refused(401, "Unauthorized: invalid or missing API key")


def _step(run: Run, step: Step, index: int, now: int) -> dict[str, JSON]:
    state = step.state(now)
    over = state.is_final
    return {
        "id": f"{run.id[:-4]}g{index:03d}",  # no UUID, like the documented one
        "user_id": "user-1",
        "organization_id": "org-1",
        "node_id": step.plan.key,
        "status": STATUS[state],
        **_times(step.started_at, step.ended_at if over else None, now),
        "error": step.error.message if step.error and state is State.FAILED else None,
        "outputs": step.output if over else None,
        "inputs": {"run_id": run.id, "input_data": step.input},
        "step_metadata": None,
        "tokens": 0,
    }


def _times(start: int, end: int | None, now: int) -> dict[str, JSON]:
    """`elapsed_time` is cut down to whole seconds."""
    return {
        "start_time": stamp(start, 6),
        "end_time": None if end is None else stamp(end, 6),
        "elapsed_time": ((now if end is None else end) - start) // SECOND,
    }


def _workflow(flow: Workflow) -> JSON:
    if flow.wire:
        return flow.wire
    made = stamp(flow.created_at, 6).replace("T", " ").replace("Z", "+00:00")
    return {
        "workflow_id": flow.id, "name": flow.name, "description": flow.description, "status": "active", "version": 1,
        "public": False, "user_id": "user-1", "organization_id": "org-1", "created_by": "user-1",
        "updated_by": "user-1", "created_at": made, "updated_at": made, "file_metadata": None,
        "graph": {
            "settings": {}, "input_data": {}, "nodes": [plan.key for plan in flow.steps], "edges": [],
            "entry_point": "", "finish_point": "", "selectedOutput": None, "node_metadata": {},
        },
    }  # fmt: skip
