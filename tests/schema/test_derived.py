"""What is made of a model's fields is made once, and is no part of what the model is."""

import copy
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from connectors.providers.arcee import ArceeExecution, ArceeStep
from schema.derived import derived
from schema.identity import NativeId, pack
from schema.instant import Instant
from schema.model import ExecutionStatus

made: list[Any] = []


class Slots:
    __slots__ = ("_twice",)


class Number(Slots, Struct, frozen=True):
    value: int

    @derived
    def twice(self) -> int:
        """Two times."""
        made.append(self.value)
        if self.value < 0:
            raise AttributeError("below 0")
        return self.value * 2


class Named(Number, frozen=True):
    name: str = "one"


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    made.clear()


@pytest.mark.parametrize("cls", [Number, Named])
def test_it_is_made_at_the_first_reading(cls: type[Number]) -> None:
    number = cls(4)
    assert made == []
    assert [number.twice, number.twice] == [8, 8]
    assert made == [4]
    assert cls.twice.__doc__ == "Two times."


def test_it_has_no_part_in_equality_copies_and_json() -> None:
    read, unread = Number(4), Number(4)
    assert read.twice == 8

    assert (read, hash(read), repr(read)) == (unread, hash(unread), repr(unread))
    assert msgspec.json.encode(read) == msgspec.json.encode(unread)
    assert msgspec.structs.replace(read, value=5).twice == 10
    assert copy.copy(read).twice == 8


def test_what_cannot_be_made_is_tried_again() -> None:
    number = Number(-1)
    for _ in range(2):
        with pytest.raises(AttributeError, match="below 0"):
            number.twice  # noqa: B018  # read for its error
    assert made == [-1, -1]


def test_runs_and_steps_of_providers_have_them() -> None:
    given: dict[str, Any] = {"status": ExecutionStatus.SUCCEEDED, "raw_status": "done", "source": "llm"}
    start, end = Instant.of(0), Instant.of(2_500_000)
    run = ArceeExecution(key=NativeId("w", "r"), started_at=start, ended_at=end, **given)
    step = ArceeStep(run=run.key, place="1", name="a", started=start.text, ended=end.text, **given)
    assert (run.duration_ms, step.duration_ms) == (2.5, 2.5)
    assert (run.id, step.id) == (pack("llm", "w", "r"), pack("llm", "w", "r", "1"))


def test_times_of_a_step_are_read_once_and_those_that_are_not_there_are_none() -> None:
    given: dict[str, Any] = {"status": ExecutionStatus.SUCCEEDED, "raw_status": "done", "source": "llm"}
    step = ArceeStep(
        run=NativeId("w", "r"), place="1", name="a", started="2026-11-20 09:59:45+02:00", ended="", **given
    )
    assert step.started_at == Instant.parse("2026-11-20T07:59:45Z")
    assert step.started_at is step.started_at
    assert (step.ended_at, step.duration_ms) == (None, None)
