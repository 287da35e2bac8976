"""What remembered values weigh, and that they hold on to no answer as a whole."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from connectors.contract import Page, StepList
from connectors.footprint import detached, weight_of
from connectors.providers.arcee import ArceeExecution
from connectors.providers.boomi.records import BoomiExecution
from connectors.providers.informer.records import InformerStep
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import ExecutionError, ExecutionStatus
from tests.connectors.rows import runs_of

BODY = b'{"some": "answer", "of": [1, 2, 3]}'
KEY = NativeId("w", "r")


def view() -> Raw:
    """Undecoded JSON as it comes: a part of a longer answer."""
    found = msgspec.json.decode(b'{"a": ' + BODY + b', "rest": "' + b"x" * 10_000 + b'"}', type=dict[str, Raw])["a"]
    assert found.copy() is not found
    return found


def is_own(raw: Raw | None) -> bool:
    """It has bytes of its own: a copy of it is it itself."""
    return raw is not None and bytes(raw) == BODY and raw.copy() is raw


def test_undecoded_parts_are_copied_out_of_every_field_that_may_hold_some() -> None:
    run = detached(arcee(input=view(), raw=view(), all_outputs=view()))

    assert is_own(run.input)
    assert is_own(run.raw)
    assert is_own(run.all_outputs)


def test_so_they_are_from_runs_within_pages_and_steps_within_lists() -> None:
    step = InformerStep(
        source="s", run=KEY, place="0", name="n", status=ExecutionStatus.FAILED, raw_status="", task_opts=view()
    )

    page = detached(Page(executions=[arcee(all_outputs=view())], next_cursor=None))
    steps = detached(StepList(steps=(step,), run_error=ExecutionError("no")))

    (kept,) = runs_of(page)
    assert isinstance(kept, ArceeExecution)
    assert is_own(kept.all_outputs)
    (kept_step,) = steps.steps
    assert isinstance(kept_step, InformerStep)
    assert is_own(kept_step.task_opts)


def test_what_holds_nothing_undecoded_stays_the_very_same() -> None:
    run = arcee(error=ExecutionError("no"))

    assert detached(run) is run


def arcee(**more: Any) -> ArceeExecution:
    return ArceeExecution(source="s", key=KEY, status=ExecutionStatus.SUCCEEDED, raw_status="completed", **more)


def full_run(at: int) -> BoomiExecution:
    """A run with all that there may be, none of it shared."""
    return BoomiExecution(
        source=f"source {at}",
        key=NativeId(f"workflow {at}", f"run {at}"),
        status=ExecutionStatus.FAILED,
        raw_status=f"word {at}",
        started_at=Instant.parse(f"2026-11-20T07:59:45.{at:09d}Z"),
        ended_at=Instant.parse(f"2026-11-20T08:59:45.{at:09d}Z"),
        duration_ns=10**15 + at,
        error=ExecutionError(f"an error {at}", f"E{at}"),
        raw=Raw(b'{"number": %d}' % at).copy(),
        inbound_document_count=10**9 + at,
        inbound_document_size=10**15 + at,
        message=f"a message in ünicode and 𝄞 {at}",
    )


def bare_run(at: int) -> ArceeExecution:
    """A run with as little as there may be."""
    return ArceeExecution(source="s", key=NativeId("w", f"run {at}"), status=ExecutionStatus.QUEUED, raw_status="q")


@pytest.mark.parametrize("make", [full_run, bare_run])
def test_a_value_weighs_what_it_takes_and_not_much_more(make: Callable[[int], Any]) -> None:
    make(0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = [make(at) for at in range(1000, 2000)]
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    weighed = sum(map(weight_of, made))

    assert taken <= weighed + 16 * len(made) <= 2.5 * taken  # 16: what the list takes
