"""Runs for one provider: a pure function of the seed and the anchor, the moment taken for «now» when they were made.

The past is filled densely near the anchor and thinner with age; after it, one run starts about every twenty seconds,
for ever.
"""

from collections.abc import Iterator
from random import Random
from uuid import UUID

from msgspec import Struct

from sandbox.catalog import workflows
from sandbox.model import DAY, HOUR, MINUTE, SECOND, Problem, Run, State, StepPlan, Trigger, Workflow
from sandbox.samples import samples
from sandbox.stamps import stamp
from sandbox.world import World

SPACING = 20 * SECOND  # between two starts, near the anchor


class Profile(Struct, frozen=True):
    """What is particular to the runs of one provider."""

    retention: int
    precision: int  # of a start on the wire, in nanoseconds; a start is made no finer, so that it compares equal
    outcomes: dict[State, int]
    queues: bool = True
    pauses: bool = False


_OK, _BAD, _STOPPED = State.SUCCEEDED, State.FAILED, State.CANCELED

PROFILES = {
    "boomi": Profile(
        30 * DAY, SECOND, {_OK: 80, _BAD: 10, State.WARNED: 5, State.ABORTED: 2, _STOPPED: 1, State.DISCARDED: 2}
    ),
    "yandex": Profile(60 * DAY, 1, {_OK: 86, _BAD: 10, _STOPPED: 4}, pauses=True),
    "arcee": Profile(60 * DAY, 1_000, {_OK: 86, _BAD: 9, _STOPPED: 3, State.ODD: 2}, pauses=True),
    "informer": Profile(60 * DAY, 1_000_000, {_OK: 79, _BAD: 10, State.WARNED: 11}, queues=False),
    "sailpoint": Profile(90 * DAY, 1, {_OK: 88, _BAD: 9, _STOPPED: 3}),
}

_TRIGGERS = {Trigger.SCHEDULE: 50, Trigger.EVENT: 24, Trigger.API: 14, Trigger.MANUAL: 8, Trigger.PARENT: 4}

_PROBLEMS = {
    "http": (("upstream answered 503", "HTTP_CALL_503"), ("connection reset by peer", "HTTP_CALL_502")),
    "database": (("deadlock found when trying to get lock", "YDB_CALL_SERVICE_UNAVAILABLE"),),
    "function": (("function returned a body that is not JSON", "FUNCTION_CALL_INVALID_RESPONSE"),),
    "container": (("container ran out of memory", "CONTAINER_CALL_502"),),
    "email": (("Mail server refused the connection", "STEP_FAIL"),),
    "model": (("upstream timeout", "STEP_TIMEOUT"), ("context length exceeded", "STEP_DATA_LIMIT_EXCEEDED")),
    "access": (("account is locked on the source", "STEP_FAILED_PRECONDITION"),),
    "approval": (("nobody decided in time", "STEP_TIMEOUT"),),
}
_ANY_PROBLEM = (("no data to work on", "STEP_INVALID_ARGUMENT"), ("a required field is empty", "STEP_INVALID_ARGUMENT"))


def generate(provider: str, seed: int, anchor: int, count: int = 5000) -> World:
    """The world of one provider: its workflows, `count` runs before the anchor, the samples, and what starts later.

    Args:
        anchor: Epoch nanoseconds.
    """
    profile = PROFILES[provider]
    flows = workflows(provider)
    extra_flows, extra_runs = samples(provider)
    return World(
        [*flows, *extra_flows],
        [*_past(provider, flows, seed, anchor, count), *extra_runs],
        schedule=_future(provider, flows, seed, anchor),
        retention=profile.retention,
        seed=seed,
    )


def _past(provider: str, flows: list[Workflow], seed: int, anchor: int, count: int) -> list[Run]:
    """From the oldest to the newest, so that a run can be the retry of one before it."""
    random, profile = Random(f"{seed}/{provider}"), PROFILES[provider]
    maker = _Maker(provider, flows, random)
    spacing = min(SPACING, profile.retention // (2 * max(count, 1)))
    spread = profile.retention - HOUR - count * spacing
    runs: list[Run] = []
    for rank in range(count, 0, -1):
        place = rank - random.random()
        start = anchor - int(place * spacing + spread * (place / count) ** 2)
        if runs and random.random() < 0.05:
            start = runs[-1].started_at  # two that started in the very same moment
        runs.append(maker.run(start, _staged(rank, profile)))
    return runs


def _future(provider: str, flows: list[Workflow], seed: int, anchor: int) -> Iterator[Run]:
    number = 0
    while True:
        random = Random(f"{seed}/{provider}/{number}")
        start = anchor + int((number + random.uniform(0.05, 0.95)) * SPACING)
        yield _Maker(provider, flows, random).run(start, "")
        number += 1


def _staged(rank: int, profile: Profile) -> str:
    """What the runs next to the anchor are made to be, so that each kind is there from the first moment on."""
    roles = {2: "queued", 3: "running", 6: "long", 9: "paused", 40: "stale"}
    role = roles.get(rank, "")
    missing = (role == "queued" and not profile.queues) or (role == "paused" and not profile.pauses)
    return "" if missing else role


class _Maker:
    """Makes one run after the other from one stream of random numbers."""

    def __init__(self, provider: str, flows: list[Workflow], random: Random) -> None:
        self.provider, self.profile, self.flows, self.random = provider, PROFILES[provider], flows, random
        self._weights = [flow.weight for flow in flows]
        self._outcomes, self._odds = list(self.profile.outcomes), list(self.profile.outcomes.values())
        self._failed: dict[str, str] = {}  # workflow id -> a run that failed and may be tried again
        self._last = ""

    def run(self, start: int, role: str) -> Run:
        random = self.random
        flow = random.choices(self.flows, self._weights)[0]
        start -= start % self.profile.precision
        outcome = random.choices(self._outcomes, self._odds)[0]
        trigger = random.choices(list(_TRIGGERS), list(_TRIGGERS.values()))[0]
        end = None if role == "stale" else start + self._duration(flow, outcome, role)
        queued_until = start + random.randint(2, 9) * SECOND if self.profile.queues and random.random() < 0.1 else 0
        if role == "queued":
            queued_until = start + 3 * MINUTE
        if queued_until and end is not None:
            end += queued_until - start
        failing = self._step(flow) if outcome in (State.FAILED, State.WARNED) else None
        retry_of = self._failed.pop(flow.id, "") if random.random() < 0.5 else ""
        run = Run(
            id=self._id(flow, start),
            workflow=flow.id,
            started_at=start,
            ended_at=end,
            outcome=outcome,
            queued_until=queued_until,
            paused_from=start + 4 * SECOND if role == "paused" else None,
            trigger=Trigger.RETRY if retry_of else trigger,
            attempts=random.choice((2, 3, 3, 4)) if random.random() < (0.6 if failing else 0.05) else 1,
            warnings=random.randint(1, 4) if outcome is State.WARNED else 0,
            error=self._problem(failing, outcome) if failing else None,
            failed_step=failing.key if failing else "",
            retry_of=retry_of,
            parent=self._last if trigger is Trigger.PARENT and not retry_of else "",
        )
        self._last = run.id
        if outcome is State.FAILED:
            self._failed[flow.id] = run.id
        return run

    def _duration(self, flow: Workflow, outcome: State, role: str) -> int:
        random = self.random
        chance = random.random()
        if role in ("long", "running", "paused", "queued"):
            span = random.randint(20 * MINUTE, 4 * HOUR)
        elif outcome is State.DISCARDED:
            span = 59 * SECOND
        elif chance < 0.01:
            span = random.randint(40_000, 900_000)  # under a millisecond
        elif chance < 0.02:
            span = random.randint(2 * HOUR, 9 * HOUR)
        else:
            span = int(flow.seconds * random.lognormvariate(0, 0.5) * SECOND)
        return span if self.profile.precision == 1 else span - span % min(self.profile.precision, 1_000_000)

    def _step(self, flow: Workflow) -> StepPlan:
        return self.random.choice(flow.steps)

    def _problem(self, step: StepPlan, outcome: State) -> Problem:
        if outcome is State.WARNED:
            return Problem(f"{self.random.randint(1, 4)} of {self.random.randint(20, 400)} records were left out")
        message, code = self.random.choice(_PROBLEMS.get(step.kind, _ANY_PROBLEM))
        return Problem(f"{step.name}: {message}", code)

    def _id(self, flow: Workflow, start: int) -> str:
        uuid = UUID(int=self.random.getrandbits(128), version=4)
        if self.provider == "boomi":
            return f"execution-{uuid}-{stamp(start, 0)[:10].replace('-', '.')}"
        return f"{flow.id}-{uuid}" if self.provider == "yandex" else str(uuid)
