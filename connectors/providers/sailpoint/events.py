"""Folds the events of a SailPoint run into steps.

The engine tells of a run as a stream of events. Ticks of the engine are dropped; scheduled, started and completed or
failed events of the same activity make one step; a new «scheduled» of the same activity is the next turn of a loop.
The algorithm is our own: the attributes are those that real clients read, and none of them is documented.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast

import msgspec
from msgspec import Raw, Struct

from connectors.contract import StepList
from connectors.errors import UnreadableError
from connectors.listed import Unreadable
from connectors.reading import decoded_or_none, instant, present
from connectors.steps import Wires
from schema.instant import Instant
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
_KINDS_OF_STEPS = frozenset({ACTIVITY, CHILD})


class SailPointStep(ExecutionStep, frozen=True, kw_only=True):
    """`type SailPointStep`."""

    step_name: str | None = None
    display_name: str | None = None
    technical_name: str | None = None
    ordinal: int = 1


class WireAttributes(Struct, rename="camel"):
    """What is read of an event's attributes. Their error is text by all accounts, but they are a free object."""

    display_name: str | None = None
    step_name: str | None = None
    technical_name: str | None = None
    error: Raw = NOTHING


class WireEvent(Struct):
    """An event."""

    type: str
    timestamp: str | None = None
    attributes: WireAttributes | None = None


EVENT = Wires(WireEvent, "event")
TEXT = msgspec.json.Decoder(str)
NAMELESS = WireAttributes()


class Draft(Struct, eq=False):
    """A step while its events come in."""

    names: WireAttributes
    is_child: bool
    ordinal: int
    status: ExecutionStatus = QUEUED
    word: str = ""
    started_at: Instant | None = None
    ended_at: Instant | None = None
    error: ExecutionError | None = None
    events: list[Raw] = []


def fold(records: Sequence[Raw], run: Execution) -> StepList:
    """The steps of a run, in their order of appearance, and why the run failed.

    An event that cannot be read is left out: its step lacks it, or is not there.
    """
    events, bad = _read_events(records)
    drafts: list[Draft] = []
    open_drafts: dict[tuple[str, str | int], list[Draft]] = {}
    turns: dict[tuple[str, str | int], int] = {}
    run_error = None
    for index, (event, record) in enumerate(events):
        kind, state = _split(event.type)
        if state is None or kind not in _KINDS_OF_STEPS:
            if kind == RUN and state is FAILED:
                run_error = _error((event.attributes or NAMELESS).error)
            continue
        names = event.attributes or NAMELESS
        key = kind, names.step_name or names.display_name or names.technical_name or index
        turns_open = open_drafts.get(key)
        if turns_open is None:
            turns_open = open_drafts[key] = []
        draft = _turn_of(turns_open, state) if turns_open else None
        if draft is None:
            turns[key] = turns.get(key, 0) + 1
            draft = Draft(names, kind == CHILD, turns[key])
            turns_open.append(draft)
            drafts.append(draft)
        draft.events.append(record)
        draft.status, draft.word = state, event.type
        if state is RUNNING:
            draft.started_at = instant(event.timestamp)
        elif state is not QUEUED:
            draft.ended_at = instant(event.timestamp)
            draft.error = _error(names.error)
            turns_open.remove(draft)
    if run_error is None and run.status is FAILED:
        run_error = next((draft.error for draft in reversed(drafts) if draft.error), None)
    is_over = run.status.is_final or bool(bad)  # what is open may have been closed by an event that is lost
    steps = tuple([_step(draft, run, index, is_over=is_over) for index, draft in enumerate(drafts)])
    return StepList(steps=steps, run_error=run_error, unreadable=tuple(bad))


def _read_events(records: Sequence[Raw]) -> tuple[Sequence[tuple[WireEvent, Raw]], Sequence[Unreadable]]:
    """In their order of time: all at once, and each by itself if one cannot be read or they are not in order."""
    if not records:
        return (), ()
    try:
        events = EVENT.all(records)
        if _are_in_order([event.timestamp for event in events]):
            return list(zip(events, records, strict=True)), ()
    except UnreadableError:
        pass
    timed: list[tuple[int, WireEvent, Raw]] = []
    bad: list[Unreadable] = []
    for index, record in enumerate(records):
        try:
            event = EVENT.one(record)
            moment = instant(event.timestamp)
            timed.append((0 if moment is None else moment.ns, event, record))
        except UnreadableError as error:
            bad.append(Unreadable(native_id=f"event {index}", reason=error.message[:200]))
    timed.sort(key=lambda entry: entry[0])
    return [(event, record) for _, event, record in timed], bad


def _are_in_order(times: Sequence[str | None]) -> bool:
    """Whether all are times of UTC in one form, and in order: then their texts are. Told of all at once."""
    try:
        msgspec.convert(times, list[datetime])
    except msgspec.ValidationError:
        return False
    texts = cast(Sequence[str], times)
    length, together = len(texts[0]), "".join(texts)
    return (
        set(map(len, texts)) == {length}
        and set(together[10::length]) == {"T"}
        and set(together[length - 1 :: length]) == {"Z"}
        and texts == sorted(texts)
    )


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


@lru_cache(maxsize=256)  # there are a dozen
def _split(event_type: str) -> tuple[str, ExecutionStatus | None]:
    """`ActivityTaskStarted` is the kind `ActivityTask` in the state of `Started`."""
    if event_type == CHILD_INITIATED:
        return CHILD, QUEUED
    for word, state in STATES.items():
        if event_type.endswith(word):
            return event_type.removesuffix(word), state
    return event_type, None


def _step(draft: Draft, run: Execution, index: int, *, is_over: bool) -> SailPointStep:
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
        native_id=names.step_name,
        type="childWorkflow" if draft.is_child else names.technical_name,
        status=status,
        raw_status=draft.word,
        started_at=draft.started_at,
        ended_at=draft.ended_at,
        error=draft.error,
        step_name=names.step_name,
        display_name=names.display_name,
        technical_name=names.technical_name,
        ordinal=draft.ordinal,
        raw=Raw(b"[%b]" % b",".join(draft.events)),
    )
