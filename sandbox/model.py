"""Workflows, runs and steps in words of our own: what the five providers' answers are rendered from.

Nothing here depends on the time of day: a run knows when it starts and ends, and `state(now)` tells what it is at
`now`. So the same run is queued, then running, then over, without anything being changed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

SECOND = 1_000_000_000  # nanoseconds; every instant here is a count of them since 1970
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JSON = Any  # a payload: whatever JSON can hold


class State(StrEnum):
    """What a run or a step is at some moment. The first three pass, the others are how it came out."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    WARNED = "warned"  # done, with something to look at
    FAILED = "failed"
    CANCELED = "canceled"  # ended by a person
    ABORTED = "aborted"  # ended by a crash of the machine under it
    DISCARDED = "discarded"  # never begun
    ODD = "odd"  # a word that nobody has documented

    @property
    def is_final(self) -> bool:
        """Whether it stays as it is."""
        return self not in (State.QUEUED, State.RUNNING, State.PAUSED)


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    EVENT = "event"
    API = "api"
    RETRY = "retry"
    PARENT = "parent"  # another run


class Problem(Struct, frozen=True):
    """Why something failed."""

    message: str
    code: str = ""


class StepPlan(Struct, frozen=True):
    """One step of a workflow as drawn.

    `key` is its name in the drawing, `loops` whether it runs once for each item.
    """

    key: str
    name: str
    kind: str
    loops: bool = False


class Workflow(Struct, frozen=True, kw_only=True):
    """What runs are runs of."""

    id: str
    name: str
    description: str = ""
    steps: tuple[StepPlan, ...] = ()
    seconds: float = 5.0  # how long a run of it usually takes
    weight: float = 1.0  # how often it runs, beside the others; 0: never by itself
    owner: str = "operations"
    natural_id: str = ""  # the readable second id, for a provider that has such
    enabled: bool = True
    created_at: int = 1_705_312_800 * SECOND
    wire: Mapping[str, JSON] = {}  # what a documented sample says beyond the above, in the provider's words


class Step(Struct, frozen=True, kw_only=True):
    """One unit of work in a run."""

    plan: StepPlan
    started_at: int
    ended_at: int | None
    outcome: State = State.SUCCEEDED
    attempts: int = 1
    error: Problem | None = None
    last_error: Problem | None = None  # of the last attempt that failed, even when a later one went well
    input: JSON = None
    output: JSON = None

    def state(self, now: int) -> State:
        """What it is at `now`."""
        if now < self.started_at:
            return State.QUEUED
        return State.RUNNING if self.ended_at is None or now < self.ended_at else self.outcome


class Run(Struct, frozen=True, kw_only=True):
    """One run of a workflow. `outcome` is what it comes to at `ended_at`; without an end it stays open for ever."""

    id: str
    workflow: str
    started_at: int
    ended_at: int | None = None
    outcome: State = State.SUCCEEDED
    queued_until: int = 0
    paused_from: int | None = None
    trigger: Trigger = Trigger.SCHEDULE
    attempts: int = 1  # of the step that needed most
    warnings: int = 0
    error: Problem | None = None
    failed_step: str = ""  # the key of the step that `error` came from; empty: the last one
    retry_of: str = ""
    parent: str = ""
    kept: bool = False  # stays visible when older than the retention
    steps: tuple[Step, ...] | None = None  # None: made up on demand, the same each time
    wire: Mapping[str, JSON] = {}  # what a documented sample says beyond the above, in the provider's words

    def state(self, now: int) -> State:
        """What it is at `now`."""
        if self.ended_at is not None and now >= self.ended_at:
            return self.outcome
        if now < self.queued_until:
            return State.QUEUED
        return State.PAUSED if self.paused_from is not None and now >= self.paused_from else State.RUNNING

    def end(self, now: int) -> int | None:
        """When it ended, None while it has not."""
        return self.ended_at if self.ended_at is not None and now >= self.ended_at else None
