"""`steps` as a connection: filtered and paged here, as providers give all steps of a run or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ariadne import InterfaceType

from connectors.contract import Stale, StepFilter, StepList
from resolvers.errors import bad_input, cursor_invalid
from resolvers.left_out import lacking
from resolvers.loaders import Failed
from resolvers.request import read_step_filter
from schema.identity import pack, unpack
from schema.model import ExecutionStep, ExecutionStepConnection

MAX_FIRST = 1000

StepFilterInput = Mapping[str, Any] | None

step = InterfaceType("ExecutionStep", lambda value, *_: type(value).__name__)


@dataclass(frozen=True, slots=True)
class StepPage:
    """Which steps are asked for."""

    first: int
    after: tuple[int, str] | None
    "Index among all steps, and place, of the last one given."
    filter: StepFilter | None


def read_page(first: int | None, after: str | None, given: StepFilterInput) -> StepPage:
    """Checks the arguments.

    Raises:
        CallerError: With a message that names the argument.
    """
    first = 100 if first is None else first
    if not 1 <= first <= MAX_FIRST:
        raise bad_input(f"steps(first:): from 1 to {MAX_FIRST}, not {first}")
    return StepPage(first, None if after is None else _read(after), read_step_filter(given))


def connection_of(steps: StepList | Failed, page: StepPage, stale: Stale | None = None) -> ExecutionStepConnection:
    """The page, or word of why there is none, or of why steps may be missing: it is of before, or some are left out."""
    if isinstance(steps, Failed):
        return ExecutionStepConnection(
            write=_write,
            has_previous_page=page.after is not None,
            total_count=None,
            complete=False,
            error=steps.error.as_data(),
        )
    of_run, matches = steps.steps, None if page.filter is None else page.filter.matches
    wanted = range(len(of_run)) if matches is None else [at for at, one in enumerate(of_run) if matches(one)]
    rest = wanted if page.after is None else wanted[_start(of_run, wanted, page.after) :]
    error = None if stale is None else stale.as_data()
    if error is None and (why := lacking(steps)) is not None:
        error = why.as_data()
    places = rest[: page.first]
    return ExecutionStepConnection(
        nodes=of_run if len(places) == len(of_run) else tuple([of_run[at] for at in places]),
        places=places,
        write=_write,
        has_next_page=len(rest) > len(places),
        has_previous_page=page.after is not None,
        total_count=len(wanted) if error is None else None,
        complete=error is None,
        error=error,
    )


def _start(steps: Sequence[ExecutionStep], wanted: Sequence[int], after: tuple[int, str]) -> int:
    """Behind the step with that place if it is still there, else behind its index."""
    for at, index in enumerate(wanted):
        if steps[index].place == after[1]:
            return at + 1
    return sum(index <= after[0] for index in wanted)


def _write(index: int, one: ExecutionStep) -> str:
    return pack("step", str(index), one.place)


def _read(text: str) -> tuple[int, str]:
    parts = unpack(text)
    if parts is None or len(parts) != 3 or parts[0] != "step" or not (parts[1].isascii() and parts[1].isdigit()):
        raise cursor_invalid()
    return int(parts[1]), parts[2]
