"""How it grows: with workers, with what is remembered, and with the number of workflows."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.cold import OURS, Client, providers, running
from bench.figures import Figure, plain, ratio
from bench.load import ask, load
from bench.machine import cores, pinned, server_core
from bench.memory import Filled
from bench.processes import ROOT, free_port, serving
from bench.progress import tell
from bench.shapes import LIST, STEPS
from bench.table import Table

CONNECTIONS = 16
RUNS = 100_000
WIDTHS = (1, 10, 100)
"Workflows of each of five sources."
PAGE = """
query Page($after: String) {
  executionHistory(first: 50, after: $after) {
    nodes { id status startedAt }
    pageInfo { endCursor }
    complete
  }
}
"""


@dataclass(slots=True)
class Tries:
    """Of one page."""

    ms: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    def add(self, seconds: float, calls: int) -> None:
        """One of them."""
        self.ms.append(seconds * 1000)
        self.calls.append(calls)

    def cells(self) -> tuple[str, str]:
        """Time and calls."""
        return str(Figure.of(self.ms)), str(int(Figure.of(self.calls).median))


def run(quick: bool) -> Sequence[Table]:
    """Three tables."""
    return [workers(quick), memory(quick), widths(quick)]


def workers(quick: bool) -> Table:
    """The application as `make run` starts it, over five sources, with one worker and with two."""
    rounds, seconds = (2, 2.0) if quick else (5, 4.0)
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, providers(Path(folder), 4, 60, 0.0):
        settings = Path(folder) / "histograph.toml"
        for title, document in (("20 runs with 4 fields", LIST), ("100 runs with 5 steps each", STEPS)):
            medians: list[float] = []
            for count in (1, 2):
                port = free_port()
                command: list[str | Path] = [sys.executable, "app.py", "--config", settings]
                command += ["--port", str(port), "--workers", str(count)]
                with serving(command, port, on=server_core() if count == 1 else cores()) as server:
                    url, body = f"{server.url}/graphql", msgspec.json.encode({"query": document})
                    load(url, body, connections=CONNECTIONS, seconds=seconds)
                    tries = [
                        load(url, body, connections=CONNECTIONS, seconds=seconds).requests_per_second
                        for _ in range(rounds)
                    ]
                figure = Figure.of(tries)
                medians.append(figure.median)
                name = f"{title}, {count} worker{'s' if count > 1 else ''}"
                tell(f"{name}: {plain(figure.median)}/s")
                rows.append((name, str(figure), ratio(figure.median, medians[0])))
    notes: tuple[str, ...] = ()
    if len(cores()) <= 2:
        notes = ("The second worker shares its core with the load generator and the providers.",)
    return Table("Scale: workers on one port, warm", ("what", "requests/s", "× one worker"), rows, notes)


def memory(quick: bool) -> Table:
    """A process that remembers many runs."""
    count = RUNS // 10 if quick else RUNS
    tell(f"remembering {count:,} runs")
    rows = []
    for said, options in (("as lists bring them", ()), ("all of them looked at", ("--read",))):
        command = pinned([sys.executable, "-m", "bench.memory", str(count), *options], server_core())
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        filled = msgspec.json.decode(told, type=Filled)
        times = RUNS / filled.runs
        rows.append((f"{RUNS:,} runs, {said}", plain(filled.process_mb * times), plain(filled.counted_mb * times)))
    columns = ("remembered", "MB that the process grows by", "MB that it counts against max_mb")
    return Table("Scale: memory of remembered runs, in pages of 100", columns, rows)


def widths(quick: bool) -> Table:
    """The first page and the next one, cold, and the first one again, when each call takes 100 ms."""
    tries = 2 if quick else 10
    rows = []
    for width in WIDTHS:
        with running(width) as (ours, _, upstream):
            client = Client(ours.url)
            first, later, again = Tries(), Tries(), Tries()
            for number in range(-1, tries):
                client.post("/forget", b"")
                ask(f"{upstream.url}/calls")
                took, cursor = page(client, None)
                repeated, _ = page(client, None)
                calls = counted(upstream.url)
                next_took, _ = page(client, cursor)
                if number >= 0:
                    first.add(took, calls)
                    again.add(repeated, 0)
                    later.add(next_took, counted(upstream.url))
        tell(f"{5 * width} workflows: {plain(Figure.of(first.ms).median)} ms")
        rows.append((f"{5 * width} workflows", *first.cells(), *later.cells(), str(Figure.of(again.ms))))
    columns = ("in five sources", "first page, ms", "calls", "next page, ms", "calls", "first page again, ms")
    notes = ("Pages of 50 runs; each call takes 100 ms, and sources may be asked as often as one likes.",)
    return Table(f"Scale: workflows, {OURS} cold", columns, rows, notes)


def page(client: Client, after: str | None) -> tuple[float, str | None]:
    """How long it takes, and where the next one starts.

    Raises:
        RuntimeError: It is not complete.
    """
    body = msgspec.json.encode({"query": PAGE, "variables": {"after": after}})
    start = time.perf_counter()
    answered = client.post("/graphql", body)
    took = time.perf_counter() - start
    history = json.loads(answered)["data"]["executionHistory"]
    if not history["complete"]:
        raise RuntimeError(f"a page that is not complete: {answered[:1000]!r}")
    return took, history["pageInfo"]["endCursor"]


def counted(upstream: str) -> int:
    """Calls since this was last asked."""
    calls: int = json.loads(ask(f"{upstream}/calls"))["calls"]
    return calls
