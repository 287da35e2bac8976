"""A thousand equal questions at once, of a process that knows nothing yet: the providers are asked as by one."""

import asyncio
from pathlib import Path

from tests.system.at_once import QUERY, counted, small_sandbox, tokens
from tests.system.still import still_api

CLIENTS = 1000


async def test_a_thousand_equal_questions_make_exactly_the_calls_of_one(tmp_path: Path) -> None:
    async with small_sandbox() as sandbox:
        async with still_api(sandbox, tmp_path) as api:
            alone = await api.ask(QUERY)
        calls_of_one, tokens_of_one = counted(sandbox.calls), tokens(sandbox.calls)
        sandbox.calls.clear()

        async with still_api(sandbox, tmp_path) as api:
            answers = await asyncio.gather(*(api.ask(QUERY) for _ in range(CLIENTS)))

    assert alone["complete"]
    assert all(one["count"] for one in alone["sources"])
    assert all(answer == alone for answer in answers)
    assert counted(sandbox.calls) == calls_of_one
    assert tokens(sandbox.calls) == tokens_of_one
