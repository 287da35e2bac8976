"""Rows of lists are remembered unread, and are what single runs were asked for to be."""

from dataclasses import dataclass, field

import pytest
from msgspec import Raw
from msgspec.structs import replace

from connectors.cached import Cached
from connectors.contract import ExecutionQuery, Page, Range
from connectors.errors import ConnectorError, ForbiddenError, MissingError, UnreachableError, UnreadableError
from connectors.footprint import weight_of
from connectors.lifetimes import FINAL, MISSING
from connectors.listed import Listed
from connectors.remembered import Memory
from schema.identity import NativeId
from schema.model import Execution, ExecutionStatus
from tests.connectors.asked import OPEN, Asked, AskedExecution, Clock, run, turns

A, B = NativeId("w", "a"), NativeId("w", "b")
QUERY = ExecutionQuery()


def cached(source: Asked) -> Cached:
    clock = Clock()
    return Cached(source, clock, memory=Memory(clock=clock))


@dataclass
class Unread(Asked):
    """The same, but that its lists bring rows that are read when somebody looks at them."""

    read: list[str] = field(default_factory=list)

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        page = await Asked.list_executions(self, partition, query, cursor)
        runs, _ = page.read_through()
        return replace(page, executions=[self._row(one) for one in runs])

    def _row(self, one: Execution) -> Listed:
        def read(record: Raw) -> Execution:
            self.read.append(one.native_id)
            return replace(one, raw=record)

        assert one.raw is not None
        assert one.started_at is not None
        return Listed(one.key, one.started_at.ns, view_of(one.raw), read)


def view_of(raw: Raw) -> Raw:
    """As it comes: a part of a longer answer."""
    return Raw(memoryview(b"[" + bytes(raw) + b"]")[1:-1])


async def test_remembering_rows_reads_none() -> None:
    source = Unread()
    cache = cached(source)

    await cache.list_executions("w", QUERY, None)
    await cache.get_executions([])  # what puts rows in order at once

    assert source.read == []


async def test_a_listed_run_that_is_over_is_read_in_place_of_a_call() -> None:
    source = Unread()
    cache = cached(source)
    await cache.list_executions("w", QUERY, None)
    calls = len(source.calls)

    for _ in range(2):
        found = await cache.get_executions([A])
        assert isinstance(found[A], AskedExecution)

    assert (source.read, source.calls[calls:]) == (["a"], [])


async def test_a_listed_run_that_is_not_over_is_asked_for() -> None:
    source = Unread()
    cache = cached(source)
    await cache.list_executions("w", QUERY, None)

    await cache.get_executions([B])

    assert source.calls[-1] == ("runs", "b")


async def test_a_row_does_not_take_the_place_of_an_open_run_that_was_asked_for() -> None:
    source = Unread()
    cache = cached(source)
    await cache.get_executions([B])
    await cache.list_executions("w", QUERY, None)
    calls = len(source.calls)

    await cache.get_executions([B])

    assert source.calls[calls:] == []


async def test_a_row_that_is_over_takes_the_place_of_what_was_asked_for_before() -> None:
    source = Unread()
    cache = cached(source)
    await cache.get_executions([B])
    source.runs = [run("b")]
    await cache.list_executions("w", QUERY, None)

    found = await cache.get_executions([B])

    assert isinstance(one := found[B], Execution) and one.status is not OPEN


async def test_what_cannot_be_read_is_asked_for() -> None:
    source = Unread()
    cache = cached(source)
    page = await cache.list_executions("w", QUERY, None)
    for row in page.rows():
        row.reader = broken

    await cache.get_executions([A])

    assert source.calls[-1] == ("runs", "a")


def broken(_: Raw) -> Execution:
    raise UnreadableError("no sense")


async def test_rows_let_go_of_the_bytes_that_they_came_in_read_or_not() -> None:
    source = Unread()
    cache = cached(source)
    page = await cache.list_executions("w", QUERY, None)
    first, second = page.rows()
    shown = first.read()

    await cache.get_executions([])

    assert all(row.record.copy() is row.record for row in (first, second))
    assert isinstance(shown, Execution) and shown.raw is first.record


async def test_one_row_is_one_value_in_all_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is read once, and what was made of it once is found again."""
    monkeypatch.setattr("connectors.filing.AFTER_ALL", 0)
    source = Unread()
    cache = cached(source)

    shown = []
    for at in range(3):
        page = await cache.list_executions("w", replace(QUERY, started=Range(at, None)), None)
        await turns()
        shown.append((await cache.list_executions("w", replace(QUERY, started=Range(at, None)), None)).rows()[0].read())
        assert page.executions

    assert all(one is shown[0] for one in shown)
    assert source.read == ["a"]


@pytest.mark.parametrize("error", [MissingError("gone"), ForbiddenError("not for you")])
async def test_what_a_list_told_stands_in_for_nothing_once_the_run_is_gone_or_hidden(error: ConnectorError) -> None:
    source, clock = Unread(), Clock()
    cache = Cached(source, clock, memory=Memory(clock=clock))
    await cache.list_executions("w", QUERY, None)
    await cache.get_executions([A])
    clock.now += 2 * FINAL
    source.spoilt = {A: error}
    await cache.get_executions([A])
    clock.now += 2 * MISSING
    source.spoilt = {A: UnreachableError("down")}

    found = await cache.get_executions([A])

    assert isinstance(found[A], UnreachableError)


def test_a_row_weighs_as_if_it_were_read() -> None:
    """For whoever looks at it does not weigh it again."""
    raw = Raw(b'{"id": "a", "more": "' + b"x" * 400 + b'"}')
    one = run("a", ExecutionStatus.SUCCEEDED, raw=raw)
    row = Listed(one.key, 0, raw, lambda record: replace(one, raw=record))

    before = weight_of(row)
    row.read()

    assert weight_of(one) < weight_of(row) <= before
