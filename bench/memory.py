"""What remembered runs take: `python -m bench.memory 100000` fills a cache with so many, and tells bytes as JSON.

They are records as the five providers send them, each with an id of its own, and are put in by the way that all answers
go: in pages of 100. With `--read` each of them is looked at, too.
"""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from app import set_up_logging
from bench.upstream import unpaced, world
from connectors.cached import Cached
from connectors.connect import connect
from connectors.contract import WHOLE_SOURCE, Capabilities, ExecutionQuery, Page, StepList
from connectors.errors import ConnectorError
from connectors.listed import Listed
from connectors.providers.arcee import Arcee, read_run
from connectors.providers.boomi.records import read_execution as read_boomi
from connectors.providers.informer.records import read_history
from connectors.providers.sailpoint import read_execution as read_sailpoint
from connectors.providers.yandex.records import read_execution as read_yandex
from connectors.registry import find_providers
from connectors.remembered import MB, Memory
from sandbox import PROVIDERS, Sandbox
from schema.identity import NativeId
from schema.model import Execution, Workflow
from settings import read_settings

PAGE = 100
NEWEST = 1_793_520_000_000_000_000
READ: dict[str, Callable[[Raw], Execution]] = {
    "ARCEE": lambda record: read_run(record, "llm", "flow-000"),
    "BOOMI": lambda record: read_boomi(record, "boomi-eu"),
    "INFORMER": lambda record: read_history(record, "reports"),
    "SAILPOINT": lambda record: read_sailpoint(record, "identity"),
    "YANDEX": lambda record: read_yandex(record, "flows"),
}


class Filled(Struct):
    """A cache with runs in it."""

    runs: int
    process_mb: float
    "By which the process has grown."
    counted_mb: float
    "What the cache holds against its bound."


@dataclass(slots=True)
class Lists:
    """A source whose next page is always full of runs that nobody has seen."""

    rows: Iterator[Listed]
    name: str = "llm"
    provider: str = "ARCEE"
    capabilities: Capabilities = Arcee.capabilities

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """A page."""
        return Page(executions=list(islice(self.rows, PAGE)), next_cursor=str(int(cursor or 0) + PAGE))

    async def workflows(self) -> Sequence[Workflow]:
        """None is asked for."""
        return ()

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """None is asked for."""
        return {}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """None is asked for."""
        return {}


async def samples() -> list[tuple[str, bytes, bytes]]:
    """For some finished runs of each provider: who it is, the record, and the id in it."""
    found = []
    worlds = {name: world(1, 20, NEWEST) for name in PROVIDERS}
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(limits=False, worlds=worlds, now=NEWEST + 3600 * 10**9) as sandbox:
            file = sandbox.write_settings(folder)
            file.write_text(unpaced(file.read_text()))
            known = find_providers()
            for name, one in read_settings(Path(file), known).sources.items():
                source = connect(name, one, known[one.provider])
                where = "flow-000" if source.capabilities.partitioned else WHOLE_SOURCE
                page = await source.list_executions(where, ExecutionQuery(), None)
                rows = page.rows()
                found += [(source.provider, bytes(row.record), row.key.execution.encode()) for row in rows]
                await source.aclose()
    return found


def made(records: Sequence[tuple[str, bytes, bytes]]) -> Iterator[Listed]:
    """Rows without end, by turns of each provider; made anew, so that none shares anything with another."""
    for number, (provider, record, native) in enumerate(cycle(records[:: 20 // 4])):
        own = Raw(record.replace(native, b"%012d" % number))
        run = READ[provider](own)
        assert run.started_at is not None
        yield Listed(run.key, run.started_at.text, own, READ[provider])


async def fill(count: int, is_read: bool) -> Filled:
    """A cache with this many runs."""
    rows = made(await samples())
    memory = Memory(4096 * MB)
    source = Cached(Lists(rows), memory=memory)
    gc.collect()
    before = resident_mb()
    cursor: str | None = None
    for _ in range(count // PAGE):
        page = await source.list_executions("flow-000", ExecutionQuery(), cursor)
        cursor = page.next_cursor
        if is_read:
            page.read_through()
    await source.get_executions([])  # by then pages are put in order, which waits for a quiet moment otherwise
    gc.collect()
    grown = resident_mb() - before
    await source.aclose()
    return Filled(count, grown, memory.size / MB)


def resident_mb() -> float:
    """What this process holds of the machine's memory; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    set_up_logging("error")
    print(msgspec.json.encode(asyncio.run(fill(int(sys.argv[1]), "--read" in sys.argv))).decode())
