"""`steps` as a connection: pages of what a run has, filtered here."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.contract import StepList
from connectors.errors import UnreachableError, UnsupportedError
from connectors.listed import Unreadable
from resolvers.errors import CallerError
from resolvers.loaders import Failed
from resolvers.step import connection_of, read_page
from schema.identity import pack
from schema.model import ExecutionStatus, ExecutionStep, ExecutionStepConnection
from tests.resolvers.fakes import run, step

RUN = run("s", "r", 0)
FAILED = ExecutionStatus.FAILED


def steps_of(count: int) -> StepList:
    return StepList(
        steps=tuple(step(RUN, f"s{at}", FAILED if at % 3 == 0 else ExecutionStatus.RUNNING) for at in range(count))
    )


def page_of(
    steps: StepList | Failed, first: int | None = None, after: str | None = None, given: Any = None
) -> ExecutionStepConnection:
    return connection_of(steps, read_page(first, after, given))


@given(st.integers(0, 40), st.integers(1, 45), st.booleans())
def test_pages_end_to_end_are_all_steps_in_order(count: int, first: int, is_filtered: bool) -> None:
    steps, given_filter = steps_of(count), {"status": ["FAILED"]} if is_filtered else None
    wanted = [one for one in steps.steps if not is_filtered or one.status is FAILED]
    found: list[ExecutionStep] = []
    after, pages = None, 0
    while True:
        page = page_of(steps, first, after, given_filter)
        found += page.nodes
        pages += 1
        assert page.total_count == len(wanted)
        assert page.page_info.has_previous_page is (after is not None)
        if not page.page_info.has_next_page:
            break
        after = page.page_info.end_cursor
    assert found == wanted
    assert pages == max(-(-len(wanted) // first), 1)


def test_a_page_goes_on_behind_its_step_though_others_came_before_it() -> None:
    """A run that is not over gets more steps."""
    after = page_of(steps_of(5), 2).page_info.end_cursor
    more = StepList(steps=(step(RUN, "new"), *steps_of(5).steps))
    assert [one.name for one in page_of(more, 2, after).nodes] == ["s2", "s3"]


def test_a_page_goes_on_by_the_place_of_a_step_that_is_gone() -> None:
    after = page_of(steps_of(5), 2).page_info.end_cursor
    fewer = StepList(steps=tuple(one for one in steps_of(5).steps if one.name != "s1"))
    assert [one.name for one in page_of(fewer, 9, after).nodes] == ["s3", "s4"]


def test_a_cursor_goes_on_under_another_filter() -> None:
    after = page_of(steps_of(9), 2).page_info.end_cursor
    assert [one.name for one in page_of(steps_of(9), 9, after, {"status": ["FAILED"]}).nodes] == ["s3", "s6"]


def test_conditions_hold_for_the_same_step_together() -> None:
    steps = steps_of(9)
    assert [one.name for one in page_of(steps, given={"status": ["FAILED"], "name_contains": "S6"}).nodes] == ["s6"]
    assert page_of(steps, given={"status": ["FAILED"], "type": ["http"]}).total_count == 0
    assert page_of(steps, given={"status": []}).total_count == 0


def test_steps_that_could_not_be_had_are_told() -> None:
    page = page_of(Failed(UnreachableError("down")))
    assert (page.nodes, page.total_count, page.complete) == ((), None, False)
    assert page.error is not None
    assert page.error.code == "UNREACHABLE"
    assert not page.page_info.has_next_page


def test_steps_that_are_left_out_are_named_beside_the_others() -> None:
    lacking = replace(steps_of(2), unreadable=(Unreadable("s9", "no status"),))

    page = page_of(lacking)

    assert [one.name for one in page.nodes] == ["s0", "s1"]
    assert (page.total_count, page.complete) == (None, False)
    assert page.error is not None
    assert page.error.code == "BAD_RESPONSE"
    assert page.error.message == "1 steps could not be read (s9): no status"


def test_that_there_may_be_more_steps_is_told() -> None:
    page = page_of(replace(steps_of(2), doubt=UnsupportedError("made of its outputs")))

    assert (len(page.nodes), page.total_count, page.complete) == (2, None, False)
    assert page.error is not None
    assert page.error.message == "made of its outputs"


@pytest.mark.parametrize("first", [0, -5, 1001])
def test_pages_of_other_sizes_are_refused(first: int) -> None:
    with pytest.raises(CallerError):
        read_page(first, None, None)


@pytest.mark.parametrize(
    "after", ["", "x", pack("step", "x", "y"), pack("step", "1"), pack("run", "1", "y"), pack("step", "²", "y")]
)
def test_what_is_no_cursor_of_steps_is_refused(after: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_page(None, after, None)
    assert caught.value.extensions == {"code": "CURSOR_INVALID"}
