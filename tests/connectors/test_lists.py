"""Lists: from a body to rows, all at once where all is well, and each by itself where it is not."""

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct
from msgspec.structs import replace
from structlog.testing import capture_logs

from connectors.errors import UnreadableError
from connectors.listed import Listed, Listing, Unreadable, comparable
from connectors.lists import ListForm
from connectors.reading import instant
from schema.identity import NativeId
from schema.instant import read_ns
from schema.model import Execution
from tests.connectors.replay import answer
from tests.connectors.sources import toy_run

SOON, LATE = "2026-02-01T09:00:00.5Z", "2026-02-01T10:00:00Z"


class WirePlace(Struct):
    id: str
    at: str | None = None


FORM = ListForm(list[WirePlace], list[Raw], WirePlace, lambda page: page, lambda wire: wire.at)


def read(record: Raw) -> Execution:
    wire = msgspec.json.decode(record, type=WirePlace)
    return replace(toy_run(wire.id), started_at=instant(wire.at))


def listed(body: bytes) -> tuple[Sequence[Listed], Sequence[Unreadable]]:
    page, rows, bad = FORM.read(answer(body), "runs", lambda wire: NativeId("", wire.id), read)
    assert len(page) == len(rows) + len(bad)
    return rows, bad


def records(*some: bytes) -> bytes:
    return b"[" + b" ,\n".join(some) + b"]"


def test_rows_of_a_list_that_is_well_are_made_one_by_one() -> None:
    rows, bad = listed(records(b'{"id": "a", "at": "%b"}' % LATE.encode(), b'{"at": "%b", "id": "b"}' % SOON.encode()))

    assert isinstance(rows, Listing)
    assert [row.key.execution for row in rows] == ["a", "b"]
    assert rows[1].started == read_ns(SOON)
    assert bytes(rows[1].record) == b'{"at": "%b", "id": "b"}' % SOON.encode()
    assert bad == ()


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": st.text(max_size=3) | st.just("i")},
            optional={
                "at": st.sampled_from([SOON, LATE, LATE, "2026-02-31T00:00:00Z", "2026-02-01T10:00:00+01:00", None, 7]),
                "more": st.recursive(st.none() | st.text(max_size=3), st.lists, max_leaves=4),
            },
        )
        | st.sampled_from([None, 7, {}, []]),
        max_size=5,
    ),
    st.booleans(),
)
def test_a_record_gives_the_same_row_whatever_stands_beside_it(some: list[object], is_ascii: bool) -> None:
    """Whether that lets all be placed at once or not."""

    def told(several: list[object]) -> set[str]:
        rows, bad = listed(json.dumps(several, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))
        # a start that is none is told at once, or by and by when it looks like one
        lost = [*bad, *(one for row in rows if isinstance(one := row.read(), Unreadable))]
        good = [row for row in rows if isinstance(row.read(), Execution)]
        return {repr(one.native_id) for one in lost} | {
            repr((row.key, row.started, bytes(row.record), row.read())) for row in good
        }

    assert told(some) == set().union(*(told([record]) for record in some))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b'{"id": "b", "at": 7}', "Expected `str | null`, got `int` - at `$.at`"),
        (b'{"id": "b", "at": "yesterday"}', "not an RFC 3339 time with a zone: 'yesterday'"),
    ],
)
def test_a_record_without_a_place_is_left_out_at_once(record: bytes, why: str) -> None:
    rows, bad = listed(records(b'{"id": "a", "at": "%b"}' % LATE.encode(), record, b'{"id": "c"}'))

    assert [(row.key.execution, row.started) for row in rows] == [("a", read_ns(LATE)), ("c", None)]
    assert bad == [Unreadable("b", why)]


def test_a_start_that_only_looks_like_one_is_told_when_the_list_comes_to_it() -> None:
    rows, bad = listed(
        records(b'{"id": "a", "at": "2026-02-31T10:00:00Z"}', b'{"id": "b", "at": "%b"}' % SOON.encode())
    )

    assert (len(rows), bad) == (2, ())
    assert rows[0].started is None
    found = rows[0].read()
    assert isinstance(found, Unreadable)
    assert (found.native_id, found.reason) == ("a", "day is out of range for month")


@pytest.mark.parametrize("starts", [[None], [""], [LATE, ""], ["2026-02-01T10:00:00+01:00"], ["2026-02-01 10:00:00Z"]])
def test_starts_that_do_not_sort_as_texts_are_told_from_others(starts: list[str | None]) -> None:
    assert comparable(starts) is None
    assert comparable([*starts, "2026-02-01T10:00:00.25Z"]) is None


def test_an_id_that_was_cut_through_a_sign_costs_no_row() -> None:
    with capture_logs() as logs:
        rows, bad = listed(rb'[{"id": "\ud83d", "at": "2026-02-01T10:00:00Z"}]')

    assert ([row.key.execution for row in rows], list(bad)) == (["\ufffd"], [])
    assert [one.status.value for one in [row.read() for row in rows] if isinstance(one, Execution)] == ["SUCCEEDED"]
    assert [log["signs"] for log in logs] == [1]


def test_a_byte_order_mark_is_skipped() -> None:
    rows, _ = listed(b'\xef\xbb\xbf[{"id": "a", "at": "2026-02-01T10:00:00Z"}]')
    assert bytes(rows[0].record) == b'{"id": "a", "at": "2026-02-01T10:00:00Z"}'


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[1", b'[{"id": "a"}] x', '[{"id": "a"}]'.encode("utf-16")])
def test_what_is_no_list_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"^runs: "):
        listed(body)


def test_records_are_cut_out_once_and_not_before_the_list_comes_to_a_row() -> None:
    cuts: list[int] = []

    def cut() -> Sequence[Raw]:
        cuts.append(1)
        return [Raw(b'{"id": "a"}'), Raw(b'{"id": "b"}')]

    rows = Listing("ab", [LATE, SOON], cut, lambda name: NativeId("", name), read, size=22)
    assert (len(rows), rows.comparable, cuts) == (2, [LATE[:-1], SOON[:-1]], [])
    assert [bytes(row.record) for row in rows] == [b'{"id": "a"}', b'{"id": "b"}']
    assert cuts == [1]


def test_a_stack_with_less_room_than_when_the_page_was_read_costs_rows_with_word() -> None:
    def cut() -> Sequence[Raw]:
        raise RecursionError

    rows = Listing("a", [LATE], cut, lambda name: NativeId("", name), read, size=9)
    assert rows[0].started == read_ns(LATE)
    assert rows[0].read() == Unreadable("a", "nested too deeply")
