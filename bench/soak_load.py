"""Clients of every kind at once: some ask the same, some ever new things, some mean harm, and some leave too early.

Meanwhile one provider after the other falls ill and gets well again.
"""

import asyncio
import hashlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from sandbox import PROVIDERS, Sandbox
from tests.hostile.attacks import attacks

HISTORY = """query ($input: ExecutionHistoryInput, $first: Int, $after: String) {
  executionHistory(input: $input, first: $first, after: $after) {
    nodes { id provider source nativeId status rawStatus startedAt endedAt durationMs workflow { id name } %s }
    pageInfo { endCursor hasNextPage } complete sources { source status count asOf error { code message } }
  }
}"""
LEAN = HISTORY % "error { message }"
WITH_STEPS = HISTORY % "steps { nodes { id name status startedAt durationMs } error { code } }"
STATES = ("SUCCEEDED", "FAILED", "RUNNING", "CANCELED")
FAULTS = ("refuse", "500", "hang", "slow-drip", "429-seconds", "reset-in-body", "truncated-json", "503", "401")
ILL, WELL = 10.0, 5.0  # seconds
DAYS = 30
DOCUMENTS, AT_ONCE = 1600, 8
FIELDS = 24
"Of an ever new document, which has a name of its own for each."
BETWEEN_LEAVERS = 0.1  # seconds; they wait for nothing, and would be most of the load
MAX_CALLS = 1000
"Calls that the sandbox may have written down before they are thrown away."


class Soak:
    """The load while it is entered. `ended` counts requests by kind and by how they ended."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.ended: Counter[str] = Counter()
        self._url = f"{url}/graphql"
        self._address = urlsplit(url)
        self._sandbox = sandbox
        self._random = random.Random(7)
        self._attacks = attacks()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        await self._fill()
        kinds: list[Callable[[], Awaitable[None]]] = [
            *[self._warm] * 2,
            *[self._cold] * 2,
            self._walk,
            self._new_document,
            self._hostile,
            self._leave,
        ]
        self._tasks = [asyncio.create_task(self._over_and_over(kind)) for kind in kinds]
        self._tasks.append(asyncio.create_task(self._fall_ill()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def _fill(self) -> None:
        """Documents never seen before, as many as fill whatever remembers a number of them."""
        for _ in range(0, DOCUMENTS, AT_ONCE):
            await asyncio.gather(*(self._new_document() for _ in range(AT_ONCE)))
        self.ended.clear()

    async def _over_and_over(self, kind: Callable[[], Awaitable[None]]) -> None:
        name = kind.__name__.strip("_")
        while True:
            try:
                await kind()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.ended[f"{name} {type(error).__name__}"] += 1
            if len(self._sandbox.calls) > MAX_CALLS:
                self._sandbox.calls.clear()

    async def _ask(self, kind: str, query: str, further: Mapping[str, Any] | None = None, **variables: Any) -> Any:
        body = {"query": query, "variables": variables, **(further or {})}
        async with self._session.post(self._url, json=body) as response:
            answer = await response.json()
        history = (answer.get("data") or {}).get("executionHistory")
        self.ended[f"{kind} {_how(response.status, answer, history)}"] += 1
        return history or {}

    async def _warm(self) -> None:
        await self._ask("warm", LEAN, first=50)
        await self._ask("warm", WITH_STEPS, first=20)

    async def _cold(self) -> None:
        await self._ask("cold", LEAN, first=20, input=self._new_filter())

    async def _walk(self) -> None:
        """Pages end to end, with steps, through a list that nobody else asks for."""
        wanted, after = self._new_filter(), None
        for _ in range(5):
            page = await self._ask("walk", WITH_STEPS, first=15, after=after, input=wanted)
            info = page.get("pageInfo", {})
            after = info.get("endCursor")
            if not info.get("hasNextPage"):
                break

    async def _new_document(self) -> None:
        """Never seen before, and registered by its hash."""
        fields = " ".join(f"f{self._random.getrandbits(48):012x}: startedAt" for _ in range(FIELDS))
        query = f"{{ executionHistory(first: 5) {{ nodes {{ id {fields} }} }} }}"
        sha256 = hashlib.sha256(query.encode()).hexdigest()
        persisted = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256}}}
        await self._ask("new-document", query, persisted)

    async def _hostile(self) -> None:
        for attack in self._attacks:
            url = f"{self._address.scheme}://{self._address.netloc}{attack.path}"
            headers = dict(attack.headers)
            async with self._session.request(attack.method, url, data=attack.body, headers=headers) as response:
                await response.read()
            self.ended[f"hostile {response.status // 100}xx"] += 1

    async def _leave(self) -> None:
        """A client that is gone before it can have been answered, or soon after."""
        body = json.dumps({"query": WITH_STEPS, "variables": {"input": self._new_filter(), "first": 20}}).encode()
        lines = ["POST /graphql HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        _, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await asyncio.sleep(self._random.random() * 0.05)
        writer.transport.abort()
        self.ended["leave gone"] += 1
        await asyncio.sleep(BETWEEN_LEAVERS)

    async def _fall_ill(self) -> None:
        for fault in itertools.cycle(FAULTS):
            provider = self._random.choice(sorted(PROVIDERS))
            await self._sandbox.fault(provider, fault)
            await asyncio.sleep(ILL)
            await self._sandbox.heal(provider)
            await asyncio.sleep(WELL)

    def _new_filter(self) -> dict[str, Any]:
        """One that nobody has asked with before."""
        end = datetime.now(UTC) - timedelta(days=DAYS) * self._random.random()
        start = end - timedelta(days=3) * self._random.random()
        return {
            "startedAt": {"from": _instant(start), "to": _instant(end)},
            "status": self._random.sample(STATES, self._random.randint(1, len(STATES))),
        }


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _how(status: int, answer: Mapping[str, Any], history: Mapping[str, Any] | None) -> str:
    if status != 200 or "errors" in answer:
        return "errors" if status == 200 else str(status)
    return "complete" if history is None or history.get("complete", True) else "partial"
