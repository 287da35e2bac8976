"""All five providers down at once: they are asked hardly more than when they are well, and soon not at all.

Tries are counted, not calls: by the sandbox, which sees each, and by the API's own count where connections are refused.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox import PROVIDERS, Sandbox
from schema.instant import SECOND, Instant
from tests.system.service import NOW
from tests.system.still import StillApi, still_api

QUERY = """query ($input: ExecutionHistoryInput) { executionHistory(input: $input, first: 20) {
  nodes { id } complete sources { provider status requests error { code message } } } }"""
QUERIES = 15
HOUR = 3600 * SECOND
BUDGET = 1.2
REFUSE = "refuse", dict[str, int]()
TROUBLES: list[tuple[str, Mapping[str, Any]]] = [
    REFUSE,
    ("500", {}),
    ("503", {"of": "all"}),
    ("close-before-answer", {}),
    ("429-seconds", {"seconds": 2}),
    ("429-seconds", {"seconds": 0}),
]


def question(number: int) -> Mapping[str, Any]:
    """Each about another time."""
    start, end = NOW - (48 + number) * HOUR, NOW - number * HOUR
    return {"startedAt": {"from": Instant.of(start).text, "to": Instant.of(end).text}}


async def tries(api: StillApi, seconds: float) -> Mapping[str, int]:
    """What a series of questions costs each provider, asked one after the other with so much time between them."""
    told: Counter[str] = Counter()
    api.sandbox.calls.clear()
    for number in range(QUERIES):
        api.now += seconds
        for one in (await api.ask(QUERY, input=question(number)))["sources"]:
            told[one["provider"].lower()] += one["requests"]
    seen = Counter(call.provider for call in api.sandbox.calls)
    return {provider: max(seen[provider], told[provider]) for provider in PROVIDERS}


@pytest.mark.parametrize("seconds", [1, 20], ids=lambda seconds: f"{seconds} s between two")
async def test_different_questions_send_at_most_a_fifth_more_than_to_healthy_providers(
    seconds: float, tmp_path: Path
) -> None:
    async with Sandbox(now=NOW, limits=False, runs_per_provider=30) as sandbox:
        async with still_api(sandbox, tmp_path) as api:
            healthy = await tries(api, seconds)
        for name, parameters in TROUBLES:
            async with still_api(sandbox, tmp_path) as api:
                for provider in PROVIDERS:
                    await sandbox.fault(provider, name, **parameters)

                ill = await tries(api, seconds)

            for provider in PROVIDERS:
                assert 0 < ill[provider] <= BUDGET * healthy[provider], (name, provider)


@pytest.mark.parametrize(("name", "parameters"), [REFUSE, ("500", {}), ("close-before-answer", {})])
async def test_once_they_are_left_alone_answers_come_without_a_call_and_without_a_wait(
    name: str, parameters: Mapping[str, Any], tmp_path: Path
) -> None:
    async with (
        Sandbox(now=NOW, limits=False, runs_per_provider=30) as sandbox,
        still_api(sandbox, tmp_path) as api,
    ):
        for provider in PROVIDERS:
            await sandbox.fault(provider, name, **parameters)
        await tries(api, 0)
        sandbox.calls.clear()
        asked_at = api.now

        answer = await api.ask(QUERY, input=question(QUERIES))

        assert api.now == asked_at
        assert sandbox.calls == []
        assert [one["requests"] for one in answer["sources"]] == [0] * len(PROVIDERS)
        assert {one["status"] for one in answer["sources"]} == {"FAILED"}
        assert all("left alone" in one["error"]["message"] for one in answer["sources"])
        assert answer["complete"] is False
