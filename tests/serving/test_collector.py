"""The collector looks rarely, and not at what was there at the start."""

import gc
from collections.abc import Iterator

import pytest

from bench.peers import settled
from serving.collector import YOUNG, settle


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_there_is_looked_through_no_more() -> None:
    settle()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == YOUNG


def test_circles_that_come_later_go_without_being_asked_for() -> None:
    settle()
    seen: list[int] = []
    gc.callbacks.append(lambda phase, told: seen.append(told["collected"]) if phase == "stop" else None)
    try:
        for _ in range(2 * YOUNG):
            circle: list[object] = []
            circle.append(circle)
    finally:
        gc.callbacks.pop()

    assert sum(seen) > YOUNG // 2


def test_the_benchmarks_settle_all_peers_by_the_same_function() -> None:
    assert settled.settle is settle
