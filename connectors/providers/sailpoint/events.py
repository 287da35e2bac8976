"""Folds the events of a SailPoint run into steps.

The engine tells of a run as a stream of events. Ticks of the engine are dropped; scheduled, started and completed or
failed events of the same activity make one step; a new «scheduled» of the same activity is the next turn of a loop.
The algorithm is our own: the attributes are those that real clients read, and none of them is documented.
"""

from collections.abc import Sequence
from operator import itemgetter

import msgspec
from msgspec import Raw, Struct

from connectors.contract import StepList
from connectors.errors import UnreadableError
from connectors.listed import Unreadable, comparable
from connectors.reading import decoded_or_none, present
from connectors.steps import Wires
from schema.instant import read_ns
from schema.model import Execution, ExecutionError, ExecutionStatus, ExecutionStep

ACTIVITY = "ActivityTask"
CHILD = "ChildWorkflowExecution"
CHILD_INITIATED = "StartChildWorkflowExecutionInitiated"
RUN = "WorkflowExecution"
NOTHING = Raw()

QUEUED, RUNNING, FAILED = ExecutionStatus.QUEUED, ExecutionStatus.RUNNING, ExecutionStatus.FAILED
"Names of ours: a look into the enum for each event takes longer than all else that is done with it."
STATES = {
    "Scheduled": QUEUED,
    "Initiated": QUEUED,
    "Started": RUNNING,
    "Completed": ExecutionStatus.SUCCEEDED,
    "Failed": FAILED,
}
TOLD = {
    CHILD_INITIATED: (CHILD, QUEUED),
    **{f"{kind}{word}": (kind, state) for kind in (ACTIVITY, CHILD, RUN) for word, state in STATES.items()},
}
"Of what an event tells, by its type, and which state; all others are ticks."


class SailPointStep(ExecutionStep, frozen=True):
    """`type SailPointStep`."""

    step_name: str | None = None
    display_name: str | None = None
    technical_name: str | None = None
    ordinal: int = 1


class WireAttributes(Struct, rename="camel", gc=False):
    """What is read of an event's attributes. Their error is text by all accounts, but they are a free object."""

    display_name: str | None = None
    step_name: str | None = None
    technical_name: str | None = None
    error: Raw = NOTHING


class WireEvent(Struct, gc=False):
    """An event."""

    type: str
    timestamp: str | None = None
    attributes: WireAttributes | None = None


EVENT = Wires(WireEvent, "event", "timestamp")
TEXT = msgspec.json.Decoder(str)
NAMELESS = WireAttributes()


class Draft(Struct, eq=False):
    """A step while its events come in."""

    names: WireAttributes
    is_child: bool
    ordinal: int
    status: ExecutionStatus = QUEUED
    word: str = ""
    started: str | None = None
    ended: str | None = None
    error: ExecutionError | None = None
    events: list[Raw] = []


class Turns(Struct, eq=False):
    """The steps that one activity has made: how many, and those that are not over."""

    count: int = 0
    open: list[Draft] = []


def fold(records: Sequence[Raw], run: Execution) -> StepList:
    """The steps of a run, in their order of appearance, and why the run failed.

    An event that cannot be read is left out: its step lacks it, or is not there.
    """
    events, records, bad = _read_events(records)
    drafts: list[Draft] = []
    # one without a name is an activity of its own, whatever number others have for a name
    activities: dict[tuple[str, str | int], Turns] = {}
    run_error = None
    for index, event in enumerate(events):
        known = TOLD.get(event.type)
        if known is None:
            continue
        kind, state = known
        names = event.attributes or NAMELESS
        if kind is RUN:
            if state is FAILED:
                run_error = _error(names.error)
            continue
        key = kind, names.step_name or names.display_name or names.technical_name or index
        turns = activities.get(key)
        if turns is None:
            turns = activities[key] = Turns()
        draft = _turn_of(turns.open, state) if turns.open else None
        if draft is None:
            turns.count += 1
            draft = Draft(names, kind is CHILD, turns.count)
            turns.open.append(draft)
            drafts.append(draft)
        draft.events.append(records[index])
        draft.status, draft.word = state, event.type
        if state is RUNNING:
            draft.started = event.timestamp
        elif state is not QUEUED:
            draft.ended = event.timestamp
            draft.error = _error(names.error) if names.error else None
            turns.open.remove(draft)
    if run_error is None and run.status is FAILED:
        run_error = next((draft.error for draft in reversed(drafts) if draft.error), None)
    is_over = run.status.is_final or bool(bad)  # what is open may have been closed by an event that is lost
    steps = tuple([_step(draft, run, index, is_over) for index, draft in enumerate(drafts)])
    return StepList(steps=steps, run_error=run_error, unreadable=tuple(bad))


def _read_events(records: Sequence[Raw]) -> tuple[Sequence[WireEvent], Sequence[Raw], Sequence[Unreadable]]:
    """With their records, in their order of time: all at once, and each by itself if they are not well or in order."""
    if not records:
        return (), (), ()
    try:
        events = EVENT.all(records)
        times = comparable([event.timestamp for event in events])
        if times is not None and times == sorted(times):  # as a rule
            return events, records, ()
    except UnreadableError:
        pass
    timed: list[tuple[int, WireEvent, Raw]] = []
    bad: list[Unreadable] = []
    for index, record in enumerate(records):
        try:
            event = EVENT.one(record)
            timed.append((read_ns(event.timestamp) or 0, event, record))
        except UnreadableError as error:
            bad.append(Unreadable(native_id=f"event {index}", reason=error.message[:200]))
    timed.sort(key=itemgetter(0))
    return [event for _, event, _ in timed], [record for _, _, record in timed], bad


def _turn_of(turns: Sequence[Draft], state: ExecutionStatus) -> Draft | None:
    """Whose event this is: of the open turns the latest that waits for such a one. None: it opens a turn."""
    if state is QUEUED:
        return None
    if len(turns) == 1:
        return turns[0]
    waits = QUEUED if state is RUNNING else RUNNING
    latest = [draft for draft in turns if draft.status is waits] or turns
    return latest[-1]


def _error(raw: Raw) -> ExecutionError | None:
    """Text, or whatever else as JSON; an empty one is none."""
    if present(raw) is None:
        return None
    text = decoded_or_none(TEXT, raw)
    text = bytes(raw).decode("utf-8", "replace") if text is None else text
    return ExecutionError(text) if text else None


def _step(draft: Draft, run: Execution, index: int, is_over: bool) -> SailPointStep:
    status = draft.status
    if not status.is_final and is_over:  # the run is over and nothing has closed the step
        was_canceled = run.status is ExecutionStatus.CANCELED
        status = ExecutionStatus.CANCELED if was_canceled else ExecutionStatus.UNKNOWN
    names = draft.names
    return SailPointStep(
        run.source,
        run.key,
        str(index),
        names.display_name or names.step_name or names.technical_name or f"#{index}",
        status,
        draft.word,
        Raw(b"[%b]" % b",".join(draft.events)),
        names.step_name,
        "childWorkflow" if draft.is_child else names.technical_name,
        draft.error,
        draft.started,
        draft.ended,
        step_name=names.step_name,
        display_name=names.display_name,
        technical_name=names.technical_name,
        ordinal=draft.ordinal,
    )
