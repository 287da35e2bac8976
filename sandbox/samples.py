"""The records that the providers' own documents show, as runs like any other.

`documented/<provider>.json` holds them as printed; what the neutral model has no word for goes along in `wire`. They
are older than every retention and stay visible all the same.
"""

import json
from pathlib import Path

from sandbox.model import JSON, Problem, Run, State, StepPlan, Trigger, Workflow
from sandbox.stamps import instant

_DOCUMENTED = Path(__file__).parent / "documented"

Samples = tuple[list[Workflow], list[Run]]


def documented(provider: str) -> dict[str, JSON]:
    """The documented bodies of one provider, by what they show."""
    bodies: dict[str, JSON] = json.loads((_DOCUMENTED / f"{provider}.json").read_text("utf-8"))
    return bodies


def samples(provider: str) -> Samples:
    """The documented workflow of one provider, and its runs."""
    readers = {"boomi": _boomi, "yandex": _yandex, "arcee": _arcee, "informer": _informer, "sailpoint": _sailpoint}
    return readers[provider](documented(provider))


def _boomi(shown: dict[str, JSON]) -> Samples:
    record = shown["record"]
    flow = Workflow(id=record["processId"], name=record["processName"], weight=0)
    start = instant(record["executionTime"])
    run = Run(
        id=record["executionId"],
        workflow=flow.id,
        started_at=start,
        ended_at=start + record["executionDuration"][1] * 1_000_000,
        outcome=State.FAILED,
        error=Problem(record["message"]),
        kept=True,
        wire=record,
    )
    return [flow], [run]


def _yandex(shown: dict[str, JSON]) -> Samples:
    plans = (StepPlan("fetch_posts", "fetch_posts", "http"), StepPlan("fetch_users", "fetch_users", "http"))
    flow = Workflow(id=shown["workflow"], name="posts-and-users", weight=0, steps=plans)

    def run(execution: JSON, **wire: JSON) -> Run:
        start = instant(execution["startedAt"])
        seconds, fraction = execution["duration"].rstrip("s").split(".")
        problem = execution.get("error")
        return Run(
            id=execution["id"],
            workflow=flow.id,
            started_at=start,
            ended_at=start + int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")),
            outcome=State.FAILED if problem else State.SUCCEEDED,
            error=Problem(problem["message"], problem["errorCode"]) if problem else None,
            kept=True,
            wire={"execution": execution, **wire},
        )

    whole = [run(shown[key]["execution"], entries=shown[key]["entries"]) for key in ("finished", "failed")]
    return [flow], [*whole, run(shown["listed"])]


def _arcee(shown: dict[str, JSON]) -> Samples:
    drawn = (StepPlan("model", "model", "model"),)
    workflow = shown["workflow"]
    flow = Workflow(id=workflow["workflow_id"], name=workflow["name"], weight=0, steps=drawn, wire=workflow)

    def run(body: JSON, outcome: State = State.SUCCEEDED) -> Run:
        return Run(
            id=body["id"],
            workflow=flow.id,
            started_at=instant(body["start_time"]),
            ended_at=instant(body["end_time"]),
            outcome=outcome,
            error=Problem(body["error"]) if body["error"] else None,
            kept=True,
            wire={key: body[key] for key in ("outputs", "all_outputs", "inputs") if key in body},
        )

    step = shown["steps"][0]
    stepped = Run(  # the run that the documented step belongs to; nothing else of it is printed anywhere
        id=step["inputs"]["run_id"],
        workflow=flow.id,
        started_at=instant(step["start_time"]) - 144_470_000,
        ended_at=instant(step["end_time"]) + 17_838_000,
        kept=True,
        wire={"steps": shown["steps"]},
    )
    return [flow], [run(shown["run"]), run(shown["failed"], State.FAILED), stepped]


def _informer(shown: dict[str, JSON]) -> Samples:
    job = shown["job"]
    flow = Workflow(
        id=job["id"], name=job["name"], owner="analytics", natural_id="analytics:daily-sales-report", weight=0, wire=job
    )

    def run(body: JSON, outcome: State) -> Run:
        start, end = body["duration"]
        told = {key: body[key] for key in ("ownerId", "duration", "createdAt", "data", "progress") if key in body}
        return Run(
            id=body["id"],
            workflow=flow.id,
            started_at=instant(start),
            ended_at=instant(end),
            outcome=outcome,
            trigger=Trigger.SCHEDULE,
            warnings=int(body["warnings"]),
            kept=True,
            wire=told,
        )

    outcomes = {"detail": State.SUCCEEDED, "warned": State.WARNED, "failed": State.FAILED}
    return [flow], [run(shown[key], outcome) for key, outcome in outcomes.items()]


def _sailpoint(shown: dict[str, JSON]) -> Samples:
    body = shown["run"]
    flow = Workflow(
        id=body["workflowId"],
        name="Identity Lookup",
        weight=0,
        steps=(StepPlan("getIdentity", "Get Identity", "identity"),),
    )
    run = Run(
        id=body["id"],
        workflow=flow.id,
        started_at=instant(body["startTime"]),
        ended_at=instant(body["closeTime"]),
        kept=True,
        wire={"requestId": body["requestId"], "history": shown["history"]},
    )
    return [flow], [run]
