"""Runs as Informer's job history, workflows as its jobs."""

from sandbox.dice import dice
from sandbox.model import JSON, SECOND, Run, State, Step, Workflow
from sandbox.stamps import stamp
from sandbox.world import World

_TYPES = {
    "email": "email", "dataset": "dataset-refresh", "library": "library-sync", "index": "index-files",
    "api": "api-call", "cleanup": "snapshot-cleanup",
}  # fmt: skip
_TASKS = {
    "email": "job:actions.send_email", "dataset": "job:actions.refresh_dataset", "export": "job:actions.export_file",
    "library": "job:actions.sync_library", "api": "job:actions.call_api", "cleanup": "job:actions.cleanup_snapshots",
}  # fmt: skip


def created(run: Run, late: bool) -> int:
    """When the record was made."""
    return run.started_at + (dice(run.id, 2_000) * 1_000_000 if late else 0)


def record(run: Run, flow: Workflow, world: World, now: int, late: bool = False) -> dict[str, JSON]:
    """A run as its own page shows it.

    While it is running there is no second time, and `success` is false, null or absent.
    """
    state, end = run.state(now), run.end(now)
    body: dict[str, JSON] = {
        "id": run.id,
        "jobId": run.workflow,
        "ownerId": f"team:{flow.owner}",
        "success": state in (State.SUCCEEDED, State.WARNED),
        "warnings": state is State.WARNED,
        "duration": [_moment(run.started_at)] + ([] if end is None else [_moment(end)]),
        "data": {},
        "progress": [],
        "createdAt": _moment(created(run, late)),
    }
    if state is State.ODD or (not state.is_final and dice(run.id, 3) == 0):
        body["success"] = None
    elif not state.is_final and dice(run.id, 3) == 1:
        del body["success"]
    if "progress" not in run.wire:
        body["progress"] = _progress(run, state, world.steps(run), now)
    return body | dict(run.wire)


def shortened(body: dict[str, JSON]) -> dict[str, JSON]:
    """The same as a list shows it."""
    progress = [
        {name: _without_status(part) if name == "result" else part for name, part in entry.items()}
        for entry in body["progress"][:1]
    ]
    return body | {"progress": progress}


def job(flow: Workflow, locked: int | None) -> dict[str, JSON]:
    """A job as in the HAL list."""
    made = stamp(flow.created_at, 3)
    body: dict[str, JSON] = {
        "id": flow.id, "type": _type(flow), "name": flow.name, "slug": flow.natural_id.rpartition(":")[2],
        "description": flow.description, "ownerId": flow.owner, "interval": "*/15 * * * *", "intervalType": "cron",
        "timezone": "America/New_York", "enabled": flow.enabled, "nextRunAt": None, "startOn": None, "endOn": None,
        "lockedAt": None if locked is None else stamp(locked, 3), "createdAt": made, "updatedAt": made,
    }  # fmt: skip
    return body | dict(flow.wire)


def full_job(flow: Workflow, locked: int | None) -> dict[str, JSON]:
    """A job by itself."""
    return job(flow, locked) | {"naturalId": flow.natural_id}


def flat_job(flow: Workflow) -> dict[str, JSON]:
    """A job as in the flat list."""
    return {
        "id": flow.id, "name": flow.name, "type": flow.wire.get("type") or _type(flow), "enabled": flow.enabled,
        "ownerId": flow.owner, "ownerName": flow.owner.title(), "naturalId": flow.natural_id, "tags": [], "sharing": [],
        "permissions": {"edit": True, "run": True},
    }  # fmt: skip


def _progress(run: Run, state: State, steps: tuple[Step, ...], now: int) -> list[JSON]:
    over = state.is_final
    status = {State.WARNED: "warning", State.FAILED: "error"}
    invoked: dict[str, JSON] = {"task": {"key": "job:progress.invoking_job"}}
    if over:
        fine = state is not State.FAILED
        key = "job:status.success" if fine else "job:status.error"
        invoked["result"] = {"key": key, "success": fine, "status": status.get(state, "success")}
    return [invoked, *(_entry(run, step, now) for step in steps if step.started_at <= now)]


def _entry(run: Run, step: Step, now: int) -> JSON:
    """One action; while it is under way it has no result."""
    task = {"key": _TASKS.get(step.plan.kind, f"job:actions.{step.plan.kind}"), "opts": {"name": step.plan.name}}
    match step.state(now):
        case State.RUNNING:
            return {"task": task}
        case State.WARNED:
            message = step.error.message if step.error else f"{run.warnings} warnings"
            return {"task": task, "result": {"message": message, "success": True, "status": "warning"}}
        case State.FAILED:
            message = step.error.message if step.error else "failed"
            return {"task": task, "result": {"message": message, "success": False, "status": "error"}}
        case _:
            rows = dice(f"{run.id}/{step.plan.key}", 4_000)
            message = f"Email sent to {1 + rows % 9} recipients" if step.plan.kind == "email" else f"{rows} rows"
            return {"task": task, "result": {"message": message, "success": True, "status": "success"}}


def _without_status(result: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in result.items() if name != "status"}


def _type(flow: Workflow) -> str:
    return next((_TYPES[plan.kind] for plan in flow.steps if plan.kind in _TYPES), "email")


def _moment(instant: int) -> str:
    return stamp(instant, 3 if instant % SECOND else 0)
