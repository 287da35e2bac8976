"""Batches: one thing or some things a call, at once, and each with its own fate."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.batching import in_groups, one_by_one
from connectors.errors import ConnectorError, ForbiddenError, MissingError, UnreachableError

DOWN = UnreachableError("down")


async def length(text: str) -> int | None:
    """The length; for some texts trouble."""
    await asyncio.sleep(0)
    if text == "gone":
        raise MissingError("gone")
    if text == "down":
        raise DOWN
    return None if text == "none" else len(text)


async def test_each_key_has_its_own_fate() -> None:
    found = await one_by_one(["a", "gone", "bb", "down", "none"], length)

    assert found == {"a": 1, "bb": 2, "down": DOWN}


@given(keys=st.lists(st.sampled_from(["a", "bb", "gone", "down", "none"])))
async def test_what_comes_back_is_what_was_asked_for_less_what_is_not_there(keys: list[str]) -> None:
    found = await one_by_one(keys, length)

    assert found.keys() == set(keys) - {"gone", "none"}


async def test_a_key_that_is_named_twice_is_asked_for_once() -> None:
    asked: list[str] = []

    async def fetch(key: str) -> str:
        asked.append(key)
        return key

    await one_by_one(["a", "b", "a"], fetch)

    assert asked == ["a", "b"]


async def test_all_are_asked_for_at_once() -> None:
    """Each waits for the last to have begun."""
    begun: list[int] = []
    all_begun = asyncio.Event()

    async def fetch(key: int) -> int:
        begun.append(key)
        if len(begun) == 5:
            all_begun.set()
        await all_begun.wait()
        return key

    assert await one_by_one(range(5), fetch) == {key: key for key in range(5)}


async def test_an_error_of_ours_is_not_taken_for_an_answer() -> None:
    async def fetch(key: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await one_by_one(["a"], fetch)

    assert caught.group_contains(ZeroDivisionError)


@given(count=st.integers(0, 30), size=st.integers(1, 7))
async def test_groups_are_full_but_for_the_last(count: int, size: int) -> None:
    sizes: list[int] = []

    async def fetch(group: Sequence[int]) -> Mapping[int, int]:
        sizes.append(len(group))
        return {item: item * 2 for item in group}

    found = await in_groups(range(count), size, lambda item: item, fetch)

    assert found == {item: item * 2 for item in range(count)}
    assert len(sizes) == -(-count // size)
    assert all(one == size for one in sizes[:-1])


async def test_a_group_that_fails_is_the_error_of_its_own_items() -> None:
    async def fetch(group: Sequence[int]) -> Mapping[int, int | ConnectorError]:
        if 3 in group:
            raise DOWN
        return {item: item for item in group}

    assert await in_groups(range(6), 2, lambda item: item, fetch) == {0: 0, 1: 1, 2: DOWN, 3: DOWN, 4: 4, 5: 5}


async def test_an_item_may_fail_within_a_group_that_does_not() -> None:
    forbidden = ForbiddenError("no")

    async def fetch(group: Sequence[int]) -> Mapping[int, int | ConnectorError]:
        return {0: 0, 1: forbidden}

    assert await in_groups(range(3), 3, lambda item: item, fetch) == {0: 0, 1: forbidden}
