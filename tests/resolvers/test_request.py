"""The arguments of `executionHistory`: what they mean, and which are refused."""

from typing import Any

import pytest

from connectors.contract import EVER, Range, StepFilter
from resolvers.errors import CallerError
from resolvers.request import MAX_IDS, HistoryRequest, read_request
from schema.identity import NativeId, pack
from schema.instant import Instant
from schema.model import ExecutionStatus
from tests.resolvers.fakes import DESC


def read(given: dict[str, Any] | None = None, first: int | None = 50) -> HistoryRequest:
    return read_request(given, DESC, first, None, b"")


def test_without_arguments_everything_is_asked_for() -> None:
    for given in (None, {}, {"status": None, "sources": None, "any_step": None, "started_at": None}):
        request = read(given)
        assert (request.providers, request.sources, request.ids, request.after) == (None, None, None, None)
        assert (request.query.started, request.query.ended, request.query.duration) == (EVER, EVER, EVER)
        assert request.query.statuses is None
        assert request.query.any_step is None
        assert not request.is_filtered
        assert request.first == 50


def test_the_page_has_fifty_runs_unless_said_otherwise() -> None:
    assert read(first=None).first == 50
    assert read(first=1).first == 1
    assert read(first=500).query.limit == 500


@pytest.mark.parametrize("first", [0, -1, 501, 10**9])
def test_pages_of_other_sizes_are_refused(first: int) -> None:
    assert code_of({}, first) == "BAD_USER_INPUT"


def code_of(given: dict[str, Any], first: int = 50) -> str:
    with pytest.raises(CallerError) as caught:
        read(given, first)
    assert caught.value.extensions is not None
    return str(caught.value.extensions["code"])


def test_durations_are_inclusive_at_both_ends_and_exact_to_the_nanosecond() -> None:
    assert read({"duration": {"min_ms": 1.5, "max_ms": 2.0}}).query.duration == Range(1_500_000, 2_000_001)
    assert read({"duration": {"min_ms": 0.0000015}}).query.duration == Range(2, None)
    assert read({"duration": {"max_ms": 0.0000015}}).query.duration == Range(None, 2)
    assert read({"duration": {}}).query.duration == EVER
    assert read({"duration": {"min_ms": 5.0, "max_ms": 5.0}}).query.duration == Range(5_000_000, 5_000_001)


@pytest.mark.parametrize(
    "given",
    [
        {"duration": {"min_ms": 2.0, "max_ms": 1.0}},
        {"duration": {"min_ms": float("nan")}},
        {"duration": {"max_ms": float("inf")}},
        {"started_at": {"from": Instant.of(5), "to": Instant.of(5)}},
        {"ended_at": {"from": Instant.of(5), "to": Instant.of(4)}},
        {"ids": ["no id"]},
        {"ids": [pack("s", "w")]},
        {"ids": [pack("s", "w", str(at)) for at in range(MAX_IDS + 1)]},
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any]) -> None:
    assert code_of(given) == "BAD_USER_INPUT"


def test_ranges_of_time_are_half_open() -> None:
    assert read({"started_at": {"from": Instant.of(5), "to": Instant.of(9)}}).query.started == Range(5, 9)
    assert read({"ended_at": {"to": Instant.of(9)}}).query.ended == Range(None, 9)
    assert read({"started_at": {}}).query.started == EVER


def test_ids_are_taken_apart_by_source_and_once_each() -> None:
    ids = [pack("a", "w", "1"), pack("b", "w:x", "2"), pack("a", "w", "1"), pack("a", "", "3")]
    assert read({"ids": ids}).ids == {"a": [NativeId("w", "1"), NativeId("", "3")], "b": [NativeId("w:x", "2")]}
    assert read({"ids": []}).ids == {}


def test_a_step_filter_without_conditions_is_none() -> None:
    assert read({"any_step": {"status": None}}).query.any_step is None
    wanted = StepFilter(statuses=frozenset({ExecutionStatus.FAILED}), types=frozenset({"http"}))
    assert read({"any_step": {"status": ["FAILED"], "type": ["http"]}}).query.any_step == wanted


@pytest.mark.parametrize(
    ("given", "is_filtered"),
    [
        ({"sources": ["a"], "providers": ["BOOMI"], "workflow_ids": ["w"]}, False),
        ({"status": ["FAILED"]}, True),
        ({"started_at": {"to": Instant.of(9)}}, True),
        ({"ids": []}, True),
    ],
)
def test_conditions_on_runs_are_told_from_the_choice_of_lists(given: dict[str, Any], is_filtered: bool) -> None:
    """No source can count by the former."""
    assert read(given).is_filtered is is_filtered
