"""The steps of a run, made up when somebody asks: a pure function of the seed, the run and the drawing of its workflow.

They fill the run's time without a gap to speak of, and tell the same story as the run: one that failed ends in the
step that failed, one that needed several attempts has a step with as many, one with warnings has a step to look at.
"""

from random import Random

from sandbox.model import HOUR, JSON, Problem, Run, State, Step, StepPlan, Workflow

_DEFAULT_PLAN = (StepPlan("start", "Start", "transform"), StepPlan("finish", "Finish", "http"))
_HICCUP = Problem("upstream answered 503", "HTTP_CALL_503")
_CUT_SHORT = (State.FAILED, State.CANCELED, State.ABORTED)


def steps_of(run: Run, workflow: Workflow, seed: int) -> tuple[Step, ...]:
    """The steps of a run, from its first to its last; those that start later are there too."""
    if run.steps is not None:
        return run.steps
    if run.outcome is State.DISCARDED or (run.ended_at is not None and run.ended_at < run.queued_until):
        return ()
    random = Random(f"{seed}/{run.id}")
    plans = _unrolled(workflow.steps or _DEFAULT_PLAN, random)
    if run.outcome in _CUT_SHORT:
        plans = plans[: _end(plans, run, random)]
    begin = max(run.started_at, run.queued_until)
    span = max((run.ended_at or begin + 12 * HOUR) - begin, 0)
    cuts = [0, *sorted(random.randint(0, span) for _ in plans[1:]), span]
    story = _story(run, len(plans), random)
    return tuple(
        Step(
            plan=plan,
            started_at=begin + cuts[index],
            ended_at=None if run.ended_at is None and index == len(plans) - 1 else begin + cuts[index + 1],
            input={"step": plan.key, "batch": random.randint(1, 900)},
            **{"output": {"rows": random.randint(0, 4_000), "ok": True}, **story.get(index, {})},
        )
        for index, plan in enumerate(plans)
    )


def payload(run: Run, seed: int) -> dict[str, JSON]:
    """What a run was started with."""
    random = Random(f"{seed}/{run.id}/payload")
    return {"order": random.randint(10_000, 99_999), "customer": random.choice(_CUSTOMERS), "dryRun": False}


def _story(run: Run, count: int, random: Random) -> dict[int, dict[str, JSON]]:
    """What sets one of the steps apart, by its place: it failed or was cut off, took several tries, or warns."""
    if run.outcome is State.FAILED:
        error = run.error or Problem("step failed", "STEP_FAIL")
        tries = {"attempts": run.attempts, "last_error": error if run.attempts > 1 else None}
        return {count - 1: {"outcome": State.FAILED, "error": error, "output": None, **tries}}
    if run.outcome in _CUT_SHORT:
        return {count - 1: {"outcome": run.outcome, "output": None}}
    if run.outcome is State.WARNED:
        return {random.randrange(count): {"outcome": State.WARNED, "error": run.error}}
    return {random.randrange(count): {"attempts": run.attempts, "last_error": _HICCUP}} if run.attempts > 1 else {}


def _unrolled(plans: tuple[StepPlan, ...], random: Random) -> list[StepPlan]:
    return [plan for plan in plans for _ in range(random.randint(2, 5) if plan.loops else 1)]


def _end(plans: list[StepPlan], run: Run, random: Random) -> int:
    """How many of the steps a run came to that was cut short: up to the step at fault, if it is known."""
    at_fault = [index for index, plan in enumerate(plans, start=1) if plan.key == run.failed_step]
    return random.choice(at_fault) if at_fault else random.randint(1, len(plans))


_CUSTOMERS = (
    "Aldgate Foods",
    "Brightwater GmbH",
    "Cormorant Ltd",
    "Delphi Optics",
    "Elmstead Clinics",
    "Fjord Outdoor",
)
