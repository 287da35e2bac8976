"""Runs as Yandex Workflows' executions and history entries, by protobuf's JSON rules.

Defaults left out, int64 as text, durations in seconds.
"""

import json

from sandbox.dice import dice
from sandbox.model import JSON, SECOND, Problem, Run, State, Step, Workflow
from sandbox.providers.base import tidy
from sandbox.stamps import fewest_digits, stamp
from sandbox.steps import payload
from sandbox.world import World

STATUS = {
    State.QUEUED: "QUEUED", State.RUNNING: "RUNNING", State.PAUSED: "PAUSED", State.SUCCEEDED: "FINISHED",
    State.WARNED: "FINISHED", State.FAILED: "FAILED", State.CANCELED: "STOPPED", State.ABORTED: "STOPPED",
    State.DISCARDED: "STOPPED", State.ODD: "STATUS_UNSPECIFIED",
}  # fmt: skip
_STEP_STATUS = {
    State.QUEUED: "SCHEDULED", State.RUNNING: "STARTED", State.PAUSED: "STARTED", State.SUCCEEDED: "COMPLETED",
    State.WARNED: "COMPLETED", State.FAILED: "FAILED", State.CANCELED: "CANCELLED", State.ABORTED: "CANCELLED",
    State.DISCARDED: "CANCELLED", State.ODD: "STATUS_UNSPECIFIED",
}  # fmt: skip
_TYPE = {
    "http": "HttpCall", "function": "FunctionCall", "container": "ContainerCall", "database": "YDBDocument",
    "file": "ObjectStorage", "queue": "YMQ", "decision": "Switch", "email": "PostboxSend",
}  # fmt: skip


def listed(run: Run, now: int) -> dict[str, JSON]:
    """An execution as in a list."""
    if "execution" in run.wire:
        return {
            name: value for name, value in run.wire["execution"].items() if name not in ("input", "result", "error")
        }
    return tidy(
        {
            "id": run.id,
            "workflowId": run.workflow,
            "status": STATUS[run.state(now)],
            "startedAt": _moment(run.started_at),
            "duration": _duration(run.id, run.started_at, run.end(now)),
        }
    )


def whole(run: Run, now: int, seed: int) -> dict[str, JSON]:
    """An execution with its input, and its result or error."""
    if "execution" in run.wire:
        shown: dict[str, JSON] = run.wire["execution"]
        return shown
    state, given = run.state(now), payload(run, seed)
    form = {"inputValue": given} if dice(run.id, 5) == 0 else {"inputJson": _json(given)}
    return listed(run, now) | tidy(
        {
            "input": form,
            "result": {"resultJson": _json({"ok": True})} if state in (State.SUCCEEDED, State.WARNED) else None,
            "error": _problem(run.error or Problem("", "STEP_INTERNAL")) if state is State.FAILED else None,
        }
    )


def entries(run: Run, world: World, now: int) -> list[dict[str, JSON]]:
    """The history of a run.

    What has begun, and the step that waits to be next. A loop's step comes again and again under one id.
    """
    if "entries" in run.wire:
        shown: list[dict[str, JSON]] = run.wire["entries"]
        return shown
    steps = world.steps(run)
    begun = sum(step.started_at <= now for step in steps)
    return [_entry(run, step, now) for step in steps[: begun + 1]]


def workflow(flow: Workflow, folder: str) -> dict[str, JSON]:
    """A workflow as in a list."""
    return tidy(
        {
            "id": flow.id,
            "folderId": folder,
            "createdAt": _moment(flow.created_at),
            "name": flow.name,
            "description": flow.description or None,
            "status": "ACTIVE",
            "serviceAccountId": "ajesandbox0000000002",
        }
    )


def drawing(flow: Workflow) -> str:
    """Its YaWL text, short of the steps' settings."""
    steps = "\n".join(f"  {plan.key}:\n    {_TYPE.get(plan.kind, 'httpCall')}: {{}}" for plan in flow.steps)
    start = flow.steps[0].key if flow.steps else "start"
    return f'yawl: "0.1"\nstart: {start}\nsteps:\n{steps}\n'


def _entry(run: Run, step: Step, now: int) -> dict[str, JSON]:
    state = step.state(now)
    waits, over = state is State.QUEUED, state.is_final
    return tidy(
        {
            "id": step.plan.key,
            "title": step.plan.name.replace("_", " ").capitalize() if dice(step.plan.key, 4) else None,
            "description": f"{step.plan.name} of {run.workflow}" if dice(step.plan.key, 3) == 0 else None,
            "startedAt": None if waits else _moment(step.started_at),
            "duration": None if waits else _duration(run.id, step.started_at, step.ended_at if over else None),
            "input": None if waits else {"inputJson": _json(step.input)},
            "output": {"outputJson": _json(step.output)} if over and step.output is not None else None,
            "error": _problem(step.error) if step.error and state is State.FAILED else None,
            "status": _STEP_STATUS[state],
            "type": _TYPE.get(step.plan.kind, "HttpCall"),
            "attempts": None if waits else str(step.attempts if over else 1),
            "lastError": _problem(step.last_error) if step.last_error and over else None,
        }
    )


def _moment(instant: int) -> str:
    return stamp(instant, fewest_digits(instant % SECOND))


def _duration(id_: str, start: int, end: int | None) -> str | None:
    """Absent while running; nought is sent or left out."""
    if end is None:
        return None
    seconds, nanos = divmod(end - start, SECOND)
    if not seconds and not nanos and dice(id_, 2):
        return None
    digits = fewest_digits(nanos)
    return f"{seconds}.{nanos:09d}"[: len(str(seconds)) + 1 + digits] + "s" if digits else f"{seconds}s"


def _problem(problem: Problem) -> dict[str, JSON]:
    return {name: text for name, text in (("message", problem.message), ("errorCode", problem.code)) if text}


def _json(value: JSON) -> str:
    return json.dumps(value, separators=(",", ":"))
