"""Cursors: what is written is read again, anything else is refused, and distances never say too much."""

import base64
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers import cursor as cursors
from resolvers.cursor import EXHAUSTED, MAX_LENGTH, Cursor, Hints, NotACursorError, at_least, distance, read, write
from resolvers.errors import CallerError
from resolvers.ordering import Bound
from resolvers.request import read_request
from schema.instant import SECOND
from schema.model import FOREVER
from tests.resolvers.fakes import ASC, DESC, NOW, FakeSource, Walk, run

NAMES = st.text(max_size=40)
HINTS = st.builds(Hints, st.binary(max_size=8), st.binary(max_size=60), st.binary(max_size=90))
CURSORS = st.builds(
    Cursor,
    st.builds(lambda rank, *names: [str(rank), *names], st.integers(-FOREVER, FOREVER), NAMES, NAMES, NAMES),
    st.integers(0, 2**62),
    st.binary(min_size=8, max_size=8),
    st.dictionaries(NAMES, st.integers(0, 2**62), max_size=3),
    st.lists(HINTS, max_size=3),
)
A_CURSOR = Cursor(["-1750000000000000000", "boomi-eu", "w", "r"], NOW, b"12345678", {}, [])


@given(CURSORS)
def test_what_is_written_is_read_again(cursor: Cursor) -> None:
    assert read(write(cursor)) == cursor


@settings(max_examples=20)
@given(CURSORS)
def test_no_byte_of_a_cursor_can_be_changed(cursor: Cursor) -> None:
    text = write(cursor)
    for at in range(len(text)):
        for other in "A-z":
            if other != text[at]:
                with pytest.raises(NotACursorError):
                    read(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 100, "!" * 40, "é", "A" * (MAX_LENGTH + 1), "\x00", "Zm9v", "====", "🙂"]
)
def test_garbage_is_no_cursor(text: str) -> None:
    with pytest.raises(NotACursorError):
        read(text)


@given(st.text(max_size=200))
def test_no_text_of_others_is_a_cursor(text: str) -> None:
    with pytest.raises(NotACursorError):
        read(text)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: f"{text}=",
        lambda text: f"{text} ",
        lambda text: f" {text}",
        lambda text: f"{text[:9]}!{text[9:]}",
        lambda text: f"{text}A",
    ],
)
def test_there_is_one_way_to_write_a_cursor(spoil: Any) -> None:
    """base64 decoders overlook what is none of their letters."""
    with pytest.raises(NotACursorError):
        read(spoil(write(A_CURSOR)))


def test_a_cursor_of_another_version_is_none() -> None:
    data = bytearray(base64.urlsafe_b64decode(write(A_CURSOR) + "=="))
    data[0] += 1
    with pytest.raises(NotACursorError):
        read(base64.urlsafe_b64encode(bytes(data)).decode().rstrip("="))


def test_a_cursor_of_another_key_is_none() -> None:
    text = write(A_CURSOR, b"one key")
    assert read(text, b"one key") == A_CURSOR
    with pytest.raises(NotACursorError):
        read(text, b"another key")


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor([], NOW, b"", {}, []),
        Cursor(["soon"], NOW, b"", {}, []),
        Cursor(["9" * 5000], NOW, b"", {}, []),
    ],
)
def test_what_makes_no_sense_is_no_cursor_though_it_is_signed(cursor: Cursor) -> None:
    """The default key is known to everyone."""
    with pytest.raises(NotACursorError):
        read(write(cursor))


def test_a_bomb_is_no_cursor() -> None:
    """64 KB at the most, unpacked."""
    with pytest.raises(NotACursorError):
        read(write(Cursor(["1", "a" * 10**6], NOW, b"", {}, [])))


def test_hints_are_left_out_before_a_cursor_gets_too_long() -> None:
    dice = random.Random(1)
    long = Hints(b"p", dice.randbytes(2000), dice.randbytes(2000))
    slim = read(write(Cursor(["1"], NOW, b"f", {"s": 5}, [long])))
    assert slim.hints == [Hints(b"p", long.distances, b"")]
    assert slim.slack == {"s": 5}
    longer = Hints(b"p", dice.randbytes(4000), dice.randbytes(2000))
    assert read(write(Cursor(["1"], NOW, b"f", {}, [longer]))).hints == []


# distances


@given(st.integers(0, 2 * FOREVER))
def test_a_distance_never_says_too_much_and_not_much_too_little(ranks: int) -> None:
    units = distance(ranks)
    assert 0 <= units < EXHAUSTED
    assert at_least(units) <= ranks
    if SECOND <= ranks < 10 * 365 * 86_400 * SECOND:
        assert at_least(units) > ranks * 0.99


@given(st.integers(0, EXHAUSTED - 1))
def test_distances_are_ordered(units: int) -> None:
    assert at_least(units) <= at_least(units + 1)


@pytest.mark.parametrize("ranks", [-1, 0, SECOND - 1, -FOREVER])
def test_what_is_near_or_behind_has_no_distance(ranks: int) -> None:
    assert distance(ranks) == 0


@given(st.lists(st.integers(0, EXHAUSTED)))
def test_distances_are_packed_and_unpacked(units: list[int]) -> None:
    assert cursors.unpack_distances(cursors.pack_distances(units), len(units)) == units
    assert cursors.unpack_distances(cursors.pack_distances(units), len(units) + 1) is None


@given(st.lists(st.none() | st.integers(0, 2**24 - 2)))
def test_numbers_are_packed_and_unpacked(numbers: list[int | None]) -> None:
    assert cursors.unpack_numbers(cursors.pack_numbers(numbers)) == numbers


RESTS = st.tuples(
    st.none() | st.integers(-FOREVER, FOREVER).map(lambda rank: (rank,)), st.none() | st.integers(0, 10**6)
)


@given(st.lists(RESTS, max_size=30), st.integers(-FOREVER, FOREVER))
def test_places_are_never_behind_where_the_streams_stood(
    rests: list[tuple[Bound | None, int | None]], rank: int
) -> None:
    position: Bound = (rank, "s", "w", "r")
    names = [str(at) for at in range(len(rests))]

    places = cursors.places_from([cursors.hints_for("s", names, rank, rests)], "s", names, position)

    for (bound, number), (found, told) in zip(rests, places, strict=True):
        assert told == number
        assert (found is None) == (bound is None)
        if bound is not None and found is not None:
            assert found <= max(bound, position)


def test_hints_of_other_partitions_are_not_used() -> None:
    rests: list[tuple[Bound | None, int | None]] = [(None, 7), (None, 8)]
    hints = [cursors.hints_for("s", ["a", "b"], 0, rests)]
    nothing = [((5,), None), ((5,), None)]
    assert cursors.places_from(hints, "s", ["a", "b"], (5,)) == rests
    assert cursors.places_from(hints, "s", ["a", "c"], (5,)) == nothing
    assert cursors.places_from(hints, "t", ["a", "b"], (5,)) == nothing
    assert cursors.places_from(hints, "s", ["a"], (5,)) == nothing[:1]


# in a query


async def code_of(walk: Walk, after: str | None) -> str:
    with pytest.raises(CallerError) as caught:
        await walk.page(after)
    assert caught.value.extensions is not None
    return str(caught.value.extensions["code"])


async def test_a_cursor_goes_with_its_input_and_order() -> None:
    of = [FakeSource("s", "offset", [run("s", f"r{at}", at * SECOND) for at in range(9)])]
    after = (await Walk(of, first=3).page()).page_info.end_cursor

    assert await code_of(Walk(of, order=ASC), after) == "CURSOR_MISMATCH"
    assert await code_of(Walk(of, {"status": ["FAILED"]}), after) == "CURSOR_MISMATCH"
    assert await code_of(Walk(of, {"sources": ["s"]}), after) == "CURSOR_MISMATCH"
    assert await code_of(Walk(of, {"any_step": {"name_contains": "x"}}), after) == "CURSOR_MISMATCH"
    assert await code_of(Walk(of), "nonsense") == "CURSOR_INVALID"
    assert await code_of(Walk(of), "") == "CURSOR_INVALID"
    assert await code_of(Walk(of, key=b"another key"), after) == "CURSOR_INVALID"
    assert len((await Walk(of, {"status": None}, first=9).page(after)).nodes) == 6


EMPTY_IS_NOT_ANY = [
    ({"any_step": {"status": []}}, {"any_step": {"name_contains": ""}}),
    ({"any_step": {"status": []}}, {"any_step": {"type": []}}),
    ({"sources": []}, {}),
    ({"ids": []}, {}),
]


@pytest.mark.parametrize(("one", "other"), EMPTY_IS_NOT_ANY)
def test_inputs_that_mean_something_else_have_another_fingerprint(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert read_request(one, DESC, 5, None, b"").fingerprint != read_request(other, DESC, 5, None, b"").fingerprint


def test_the_size_of_the_page_and_the_order_of_lists_may_change() -> None:
    one = read_request({"status": ["FAILED", "RUNNING"], "sources": ["a", "b"]}, DESC, 5, None, b"")
    other = read_request({"status": ["RUNNING", "FAILED"], "sources": ["b", "a"]}, DESC, 50, None, b"")
    assert one.fingerprint == other.fingerprint


async def test_a_cursor_holds_nothing_that_its_pages_do_not_show() -> None:
    """No token of a provider's."""
    of = [FakeSource("s", "token", [run("s", f"r{at}", at * SECOND) for at in range(500)])]
    page = await Walk(of, first=150).page()
    assert any(call.cursor is not None for call in of[0].calls)
    assert "after:" not in repr(read(page.page_info.end_cursor or ""))
