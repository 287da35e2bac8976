"""Runs as Boomi's rows: ExecutionRecord, ExecutionConnector, Process.

Fields without a value are absent. The three int64 fields come in four forms, `5816`, `"5816"`, `["Long", 5816]` and
`["Long", "5816"]`, each record in others than the one before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sandbox.dice import dice
from sandbox.model import JSON, MINUTE, SECOND, Run, State, Step, Trigger
from sandbox.providers.boomi_filter import Kind, Value
from sandbox.stamps import stamp
from sandbox.world import World

_TEXT, _NUMBER, _TIME, _FLAG = Kind.TEXT, Kind.NUMBER, Kind.TIME, Kind.FLAG

RECORD_PROPERTIES: Mapping[str, Kind] = {
    "executionId": _TEXT, "originalExecutionId": _TEXT, "account": _TEXT, "executionTime": _TIME, "status": _TEXT,
    "executionType": _TEXT, "processName": _TEXT, "processId": _TEXT, "atomName": _TEXT, "atomId": _TEXT,
    "inboundDocumentCount": _NUMBER, "outboundDocumentCount": _NUMBER, "executionDuration": _NUMBER, "message": _TEXT,
    "reportKey": _TEXT, "launcherId": _TEXT, "nodeId": _TEXT, "recordedDate": _TIME,
}  # fmt: skip
CONNECTOR_PROPERTIES: Mapping[str, Kind] = {
    "executionId": _TEXT, "connectorType": _TEXT, "actionType": _TEXT, "errorCount": _NUMBER, "successCount": _NUMBER,
    "size": _NUMBER, "isStartShape": _FLAG, "recordType": _TEXT,
}  # fmt: skip
PROCESS_PROPERTIES: Mapping[str, Kind] = {"id": _TEXT, "name": _TEXT}

_STATUS = {
    State.QUEUED: "ENQUEUED", State.PAUSED: "INPROCESS", State.SUCCEEDED: "COMPLETE", State.WARNED: "COMPLETE_WARN",
    State.FAILED: "ERROR", State.CANCELED: "ABORTED", State.DISCARDED: "DISCARDED", State.ODD: "SUSPENDED",
}  # fmt: skip
_TYPE = {
    Trigger.SCHEDULE: "exec_sched", Trigger.MANUAL: "exec_manual", Trigger.EVENT: "exec_listener",
    Trigger.API: "exec_remote", Trigger.PARENT: "sub_process",
}  # fmt: skip
_ATOMS = (
    ("Runtime 1", "3456789a-bcde-f012-3456-789abcdef012", ""),
    ("Frankfurt Molecule", "8d0f2b44-0000-4000-8000-0000000000a1", "10_20_4_17"),
    ("Cloud Test Runtime", "8d0f2b44-0000-4000-8000-0000000000a2", ""),
)
_LONGS = ("executionDuration", "inboundDocumentSize", "outboundDocumentSize")
_NO_CONNECTOR = frozenset({"transform", "decision", "approval"})  # shapes that are never listed


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one account as they are at one moment."""

    world: World
    account: str
    now: int

    def value(self, run: Run, name: str) -> Value:
        """One property of an ExecutionRecord, by the name that the filter has for it."""
        field = "launcherID" if name == "launcherId" else name
        if field in run.wire:
            shown: Value | list[int] = run.wire[field]
            return shown[1] if isinstance(shown, list) else shown
        return _FIELDS[field](self, run)

    def record(self, run: Run) -> dict[str, JSON]:
        """An ExecutionRecord."""
        row: dict[str, JSON] = {"@type": "ExecutionRecord"}
        for name in _FIELDS:
            if name in run.wire:
                row[name] = run.wire[name]
            elif (value := self.value(run, name)) is not None and value != "":
                row[name] = _long(run, name, int(value)) if name in _LONGS else value
        return row

    def connectors(self, run: Run) -> list[dict[str, JSON]]:
        """The ExecutionConnectors of a run: how much went through each connector shape, no times, no status."""
        begun = [step for step in self.world.steps(run) if step.started_at <= self.now]
        if not begun or run.state(self.now) is State.QUEUED:
            return []
        shapes: dict[str, list[Step]] = {}
        for step in begun:
            if step.plan.kind not in _NO_CONNECTOR:
                shapes.setdefault(step.plan.key, []).append(step)
        start = _shape(run, "Start", connectorType="nodata", actionType="nodata", recordType="nodata")
        return [start, *(self._connector(run, steps) for steps in shapes.values())]

    def _connector(self, run: Run, steps: Sequence[Step]) -> dict[str, JSON]:
        plan = steps[0].plan
        states = [step.state(self.now) for step in steps]
        errors = sum(state in (State.FAILED, State.ABORTED, State.CANCELED) for state in states)
        done = sum(state in (State.SUCCEEDED, State.WARNED) for state in states)
        action = "Send" if plan.kind in ("email", "queue") else ("Get", "Create", "Update")[dice(plan.key, 3)]
        size = dice(run.id + plan.key, 3_000_000_000)
        return _shape(
            run, plan.name, connectorType=plan.kind, actionType=action, errorCount=errors, successCount=done, size=size
        )


def process(workflow_id: str, name: str) -> dict[str, JSON]:
    """A Process."""
    return {"@type": "Process", "id": workflow_id, "name": name}


def _shape(run: Run, name: str, **told: JSON) -> dict[str, JSON]:
    usual = {"errorCount": 0, "successCount": 1, "size": 0, "isStartShape": name == "Start", "recordType": "connector"}
    return {
        "@type": "ExecutionConnector",
        "id": blake2b(f"{run.id}/{name}".encode()).hexdigest()[:117],
        "executionId": run.id,
        "executionConnector": name,
        **usual,
        **told,
    }


def _long(run: Run, name: str, value: int) -> JSON:
    form = dice(run.id, 4) + _LONGS.index(name)
    text: int | str = str(value) if form & 1 else value
    return ["Long", text] if form & 2 else text


def _status(rows: Rows, run: Run) -> str:
    state = run.state(rows.now)
    if state is State.RUNNING:
        return "STARTED" if rows.now < max(run.started_at, run.queued_until) + 2 * SECOND else "INPROCESS"
    if state is State.ABORTED and run.ended_at is not None:
        return "ABORTED_RECOVERING" if rows.now < run.ended_at + MINUTE else "ABORTED"
    return _STATUS[state]


def _type(rows: Rows, run: Run) -> str:
    del rows
    if run.trigger is Trigger.RETRY:
        return ("retry_manual", "retry_sched")[dice(run.id, 2)]
    return _TYPE[run.trigger]


def _recorded(rows: Rows, run: Run) -> str | None:
    """The end; while it is running absent, or stale."""
    end = run.end(rows.now)
    if end is not None:
        return stamp(end, 0)
    return stamp(run.started_at, 0) if dice(run.id, 2) else None


def _process_name(rows: Rows, run: Run) -> str | None:
    workflow = rows.world.workflows.get(run.workflow)
    return workflow.name if workflow else None


def _duration(rows: Rows, run: Run) -> int | None:
    end = run.end(rows.now)
    return None if end is None else (end - run.started_at) // 1_000_000


def _message(rows: Rows, run: Run) -> str | None:
    return run.error.message if run.error and run.end(rows.now) is not None else None


def _documents(run: Run, what: str, most: int) -> int:
    return dice(f"{run.id}/{what}", most)


def _by_api(run: Run) -> bool:
    return run.trigger is Trigger.API and dice(run.id, 2) == 0


def _atom(run: Run) -> tuple[str, str, str]:
    return _ATOMS[dice(run.workflow, 3)]


def _node(run: Run) -> str | None:
    node = _atom(run)[2]
    return f"{node}[{run.id}]" if node else None


_FIELDS: Mapping[str, Callable[[Rows, Run], Value]] = {
    "executionId": lambda _, run: run.id,
    "originalExecutionId": lambda _, run: run.retry_of or None,
    "parentExecutionId": lambda _, run: run.parent or None,
    "topLevelExecutionId": lambda _, run: run.parent or None,
    "account": lambda rows, _: rows.account,
    "executionTime": lambda _, run: stamp(run.started_at, 0),
    "status": _status,
    "executionType": _type,
    "processName": _process_name,
    "processId": lambda _, run: run.workflow,
    "atomName": lambda _, run: _atom(run)[0],
    "atomId": lambda _, run: _atom(run)[1],
    "inboundDocumentCount": lambda _, run: 1 + _documents(run, "in", 40),
    "inboundErrorDocumentCount": lambda _, run: 1 if run.outcome is State.FAILED else 0,
    "outboundDocumentCount": lambda _, run: _documents(run, "out", 40),
    "executionDuration": _duration,
    "message": _message,
    "inboundDocumentSize": lambda _, run: _documents(run, "in size", 4_000_000_000),
    "outboundDocumentSize": lambda _, run: _documents(run, "out size", 4_000_000),
    "nodeId": lambda _, run: _node(run),
    "reportKey": lambda _, run: f"report-{dice(run.id, 10**6)}" if _by_api(run) else None,
    "launcherID": lambda _, run: f"launcher-{dice(run.workflow, 10**6)}" if _by_api(run) else None,
    "recordedDate": _recorded,
}
