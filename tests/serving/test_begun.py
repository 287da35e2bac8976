"""A coroutine that was begun by hand goes on as if it had been awaited from its beginning."""

import asyncio

import pytest

from serving.begun import Begun


async def test_what_waits_for_nothing_has_ended() -> None:
    async def at_once() -> int:
        return 7

    begun = Begun(at_once())

    assert (begun.ended, begun.result) == (True, 7)


async def test_what_waits_is_awaited_to_its_end() -> None:
    gate, seen = asyncio.Event(), []

    async def waits() -> str:
        seen.append("begun")
        await gate.wait()
        await asyncio.sleep(0)
        return "ended"

    begun = Begun(waits())
    assert (begun.ended, seen) == (False, ["begun"])
    gate.set()

    assert await begun == "ended"


@pytest.mark.parametrize("waits_first", [False, True])
async def test_an_error_is_raised_where_it_is_waited_for(waits_first: bool) -> None:
    async def fails() -> None:
        if waits_first:
            await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await Begun(fails())


async def test_who_waits_for_it_can_be_cancelled_and_it_with_them() -> None:
    ended = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    async def whole() -> None:
        await Begun(waits())

    task = asyncio.create_task(whole())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cleaned up"]
