"""Cold answers: what we add to the time that the providers take, beside a gather written by hand over the same calls.

Five sources of four workflows each, all answering after 100 ms; 50 runs, without steps and with them. We forget what we
know of runs before each try; the other one never knew. Connections stay open in both. Both are asked in turns, over one
connection each, and both have to give the same values.
"""

import contextlib
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.json import encode

from bench.figures import Figure, plain, ratio
from bench.load import ask
from bench.machine import load_core, server_core
from bench.processes import ROOT, Server, free_port, serving
from bench.progress import tell
from bench.table import Table
from bench.warm import UVICORN, DifferentError

DELAY = 0.1  # seconds
WORKFLOWS, RUNS_EACH = 4, 60
RUNS = "{ provider nativeId status startedAt %s }"
STEPS = "steps { nodes { name status } }"
BEFORE = 5
"Tries that do not count: tokens are had, connections opened, documents read."


@dataclass(frozen=True, slots=True)
class Question:
    """One of the two."""

    name: str
    title: str
    document: str
    rounds: int
    "Of calls that wait for those before."

    @property
    def body(self) -> bytes:
        """As it is posted."""
        return encode({"operationName": self.name, "query": self.document})


def question(name: str, title: str, steps: str, rounds: int) -> Question:
    """50 runs with these fields, and with more of them."""
    selected = RUNS % steps
    return Question(
        name, title, f"query {name} {{ executionHistory(first: 50) {{ nodes {selected} complete }} }}", rounds
    )


QUESTIONS = (
    question("Runs", "50 runs, without steps", "", 1),
    question("RunsWithSteps", "50 runs, with their steps", STEPS, 2),
)
OURS, GATHER = "Histograph", "asyncio.gather, by hand"


@dataclass(slots=True)
class Tries:
    """What one server did for one question."""

    added_ms: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Client:
    """One connection that stays open."""

    url: str
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def post(self, path: str, body: bytes) -> bytes:
        """The answer."""
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        return self._connection.getresponse().read()


def run(quick: bool) -> Sequence[Table]:
    """One table of both questions."""
    tries = 12 if quick else 100
    rows = []
    with running() as (ours, gather, upstream):
        for one in QUESTIONS:
            found = measure({OURS: Client(ours.url), GATHER: Client(gather.url)}, upstream, one, tries)
            base = Figure.of(found[GATHER].added_ms).median
            rows += [
                (
                    f"{title}: {one.title}",
                    str(Figure.of(of_one.added_ms)),
                    ratio(Figure.of(of_one.added_ms).median, base),
                    plain(Figure.of(of_one.added_ms).median + one.rounds * DELAY * 1000),
                    str(int(Figure.of(of_one.calls).median)),
                )
                for title, of_one in found.items()
            ]
    columns = ("who, and what", "ms added (lowest-highest)", "× gather", "ms in all", "calls")
    return [Table(f"Cold: five sources that answer after {DELAY * 1000:.0f} ms each", columns, rows)]


@contextlib.contextmanager
def running(
    workflows: int = WORKFLOWS, runs: int = 60, delay: float = DELAY
) -> Iterator[tuple[Server, Server, Server]]:
    """We, the gather, and the providers, whose core is not ours."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        tell("starting five providers")
        upstream = stack.enter_context(providers(Path(folder), workflows, RUNS_EACH, DELAY))
        environment = {
            "BENCH_SETTINGS": str(Path(folder) / "histograph.toml"),
            "BENCH_FLOWS": str(workflows),
            "BENCH_UPSTREAM": upstream.url,
        }
        servers = []
        for module in ("forgetful", "gather"):
            port = free_port()
            factory = f"bench.peers.{module}:application"
            command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), *UVICORN]
            servers.append(stack.enter_context(serving(command, port, on=server_core(), environment=environment)))
        yield servers[0], servers[1], upstream


@contextlib.contextmanager
def providers(folder: Path, workflows: int, runs: int, delay: float) -> Iterator[Server]:
    """Five of them, with their settings file in the folder."""
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "bench.upstream", "--folder", folder, "--port", str(port)]
    command += ["--delay", str(delay), "--workflows", str(workflows), "--runs", str(runs)]
    with serving(command, port, on=load_core(), path="/calls", cwd=ROOT) as server:
        yield server


def measure(clients: dict[str, Client], upstream: Server, asked: Question, tries: int) -> dict[str, Tries]:
    """Both in turns.

    Raises:
        DifferentError: They do not give the same values.
    """
    found = {title: Tries() for title in clients}
    answers: dict[str, object] = {}
    for number in range(-BEFORE, tries):
        for title, client in clients.items():
            if title == OURS:
                client.post("/forget", b"")
            ask(f"{upstream.url}/calls")
            start = time.perf_counter()
            body = client.post("/graphql", asked.body)
            took = time.perf_counter() - start
            calls = json.loads(ask(f"{upstream.url}/calls"))["calls"]
            answers[title] = json.loads(body)
            if number >= 0:
                found[title].added_ms.append((took - asked.rounds * DELAY) * 1000)
                found[title].calls.append(calls)
        if answers[OURS] != answers[GATHER]:
            raise DifferentError(f"{asked.name}: {json.dumps(answers, indent=1)[:4000]}")
    for title, one in found.items():
        tell(f"{asked.name}: {title}: {plain(Figure.of(one.added_ms).median)} ms added")
    return found
