"""Runs as SailPoint's workflow executions, and their steps as the events of its engine."""

from collections.abc import Iterator

from sandbox.dice import dice
from sandbox.model import JSON, Run, State, Step, Workflow
from sandbox.stamps import stamp
from sandbox.world import World

_STATUS = {
    State.QUEUED: "Queued", State.SUCCEEDED: "Completed", State.WARNED: "Completed", State.FAILED: "Failed",
    State.CANCELED: "Canceled", State.ABORTED: "Canceled", State.DISCARDED: "Canceled", State.ODD: "TimedOut",
}  # fmt: skip

Event = dict[str, JSON]


def status(run: Run, now: int) -> str:
    """The status word; a running one says `Executing` or `Running`, as tenants do."""
    return _STATUS.get(run.state(now)) or ("Executing", "Running")[dice(run.id, 2)]


def execution(run: Run, now: int) -> dict[str, JSON]:
    """An execution. While it is running `closeTime` is null or absent."""
    end = run.end(now)
    body: dict[str, JSON] = {
        "id": run.id,
        "workflowId": run.workflow,
        "requestId": run.wire.get("requestId") or run.id.replace("-", "")[::-1],
        "startTime": stamp(run.started_at, 9),
        "closeTime": None if end is None else stamp(end, 9),
        "status": status(run, now),
    }
    if end is None and dice(run.id, 3) == 0:
        del body["closeTime"]
    return body


def events(run: Run, world: World, now: int) -> list[Event]:
    """What happened in a run until now, in the order of time."""
    if "history" in run.wire:
        shown: list[Event] = run.wire["history"]
        return shown
    return [
        {"type": kind, "timestamp": stamp(moment, 9), "attributes": attributes}
        for moment, kind, attributes in sorted(_moments(run, world.steps(run)), key=lambda event: event[0])
        if moment <= now
    ]


def workflow(flow: Workflow, world: World, now: int) -> dict[str, JSON]:
    """A workflow."""
    runs = world.visible(now, flow.id)
    return {
        "id": flow.id,
        "name": flow.name,
        "description": flow.description,
        "enabled": flow.enabled,
        "executionCount": len(runs),
        "failureCount": sum(run.state(now) is State.FAILED for run in runs),
        "created": stamp(flow.created_at, 6),
        "modified": stamp(flow.created_at, 6),
        "owner": {"type": "IDENTITY", "id": "2c91808568c529c60168cca6f90c1313", "name": flow.owner.title()},
        "definition": definition(flow),
        "trigger": _trigger(),
    }


def history_v2(run: Run, world: World, now: int) -> JSON:
    """The newer form: the drawing, the events, the trigger."""
    flow = world.workflows.get(run.workflow) or Workflow(id=run.workflow, name=run.workflow)
    return {"definition": definition(flow), "history": events(run, world, now), "trigger": _trigger()}


def definition(flow: Workflow) -> JSON:
    """The drawing of a workflow."""
    return {"start": flow.steps[0].key if flow.steps else "start", "steps": {plan.key: {} for plan in flow.steps}}


def _trigger() -> JSON:
    return {"type": "EVENT", "attributes": {}}


def _moments(run: Run, steps: tuple[Step, ...]) -> Iterator[tuple[int, str, Event]]:
    begin = max(run.started_at, run.queued_until)
    yield run.started_at, "WorkflowExecutionScheduled", {}
    yield begin, "WorkflowExecutionStarted", {}
    for step in steps:
        yield step.started_at, "WorkflowTaskScheduled", {}
        yield from _child(step) if step.plan.kind == "workflow" else _activity(step)
    if run.ended_at is not None and run.outcome in (State.SUCCEEDED, State.WARNED):
        yield run.ended_at, "WorkflowExecutionCompleted", {}
    elif run.ended_at is not None and run.outcome is State.FAILED:
        yield run.ended_at, "WorkflowExecutionFailed", {"error": run.error.message} if run.error else {}


def _activity(step: Step) -> Iterator[tuple[int, str, Event]]:
    """Scheduled, started, completed or failed, once for each attempt. A step that was cut off is never closed."""
    plan = step.plan
    words = {
        "displayName": plan.name,
        "stepName": plan.key,
        "technicalName": f"sp:{plan.name.lower().replace(' ', '-')}",
    }
    span = (step.ended_at - step.started_at) if step.ended_at is not None else 0
    for attempt in range(step.attempts):
        start = step.started_at + span * attempt // step.attempts
        end = step.started_at + span * (attempt + 1) // step.attempts
        last = attempt == step.attempts - 1
        yield start, "ActivityTaskScheduled", words
        yield start, "ActivityTaskStarted", words
        if step.ended_at is None:
            return
        problem = step.error if last else step.last_error
        if not last or step.outcome is State.FAILED:
            yield end, "ActivityTaskFailed", words | {"error": problem.message if problem else "failed"}
        elif step.outcome in (State.SUCCEEDED, State.WARNED):
            yield end, "ActivityTaskCompleted", words


def _child(step: Step) -> Iterator[tuple[int, str, Event]]:
    words = {"displayName": step.plan.name, "stepName": step.plan.key}
    yield step.started_at, "StartChildWorkflowExecutionInitiated", words
    yield step.started_at, "ChildWorkflowExecutionStarted", words
    if step.ended_at is not None and step.outcome in (State.SUCCEEDED, State.WARNED):
        yield step.ended_at, "ChildWorkflowExecutionCompleted", words
    elif step.ended_at is not None and step.outcome is State.FAILED:
        yield step.ended_at, "ChildWorkflowExecutionFailed", words | {"error": step.error.message if step.error else ""}
