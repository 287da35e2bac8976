"""All five providers dead over a warm cache: how fast what was seen is shown, beside providers that live.

Two servers, each with five providers of its own, are asked the same. Once both know the answer, the providers of one
are ended: from then on it shows what it knows, says so, and goes on trying. They are loaded in turns, in one run.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, plain
from bench.load import ask, load
from bench.machine import load_core, server_core
from bench.processes import Server, end, free_port, serving
from bench.progress import tell
from bench.shapes import SHAPES, Shape
from bench.table import Table
from bench.warm import CONNECTIONS, DifferentError, Tries

WORKFLOWS, RUNS_EACH = 4, 60
OUTCOMES = "complete sources { source status count asOf error { code message } }"
SETTINGS = '[server]\nlog_level = "error"\n'
AIM = 95
"Percent of the rate with living providers."


@dataclass(frozen=True, slots=True)
class Side:
    """A server and its providers."""

    server: Server
    providers: Server


def run(quick: bool) -> Sequence[Table]:
    """One table."""
    rounds, seconds = (4, 1.0) if quick else (10, 3.0)
    with side("living providers") as living, side("dead providers") as dead:
        shown = {shape.name: (rows(living, shape, "OK"), rows(dead, shape, "OK")) for shape in SHAPES}
        end(dead.providers.process)
        figures = []
        for shape in SHAPES:
            tries = {"living": Tries(), "dead": Tries()}
            for number in range(rounds + 1):
                for name, one in (("living", living), ("dead", dead)):
                    before = one.server.cpu_seconds()
                    done = load(url(one), body(shape), connections=CONNECTIONS, seconds=seconds if number else 1.0)
                    if done.errors or done.non_2xx:
                        raise DifferentError(f"{name}: {done.errors} errors, {done.non_2xx} refusals")
                    if number:
                        tries[name].add(done, one.server.cpu_seconds() - before)
                        tell(f"{shape.name}, round {number} of {rounds}: {name}: {plain(done.requests_per_second)}/s")
            rows(living, shape, "OK")
            if rows(dead, shape, "PARTIAL") != shown[shape.name][1]:
                raise DifferentError("with dead providers other rows are shown than before")
            figures.append((shape, tries["living"], tries["dead"]))
    return [table(figures)]


def table(figures: Sequence[tuple[Shape, Tries, Tries]]) -> Table:
    """The rates side by side, and what one answer takes of the server's core. Shares are those of the medians."""
    rows = []
    for shape, living, dead in figures:
        rates = Figure.of(living.per_second), Figure.of(dead.per_second)
        times = Figure.of(living.cpu_ms), Figure.of(dead.cpu_ms)
        share = f"{100 * rates[1].median / rates[0].median:.0f} %"
        rows.append((shape.title, *map(str, rates), share, plain(times[0].median), plain(times[1].median)))
    return Table(
        "All five providers dead, over a warm cache: answers a second",
        ("", "living", "dead", "dead to living", "ms of the core, living", "dead"),
        rows,
        [f"The aim is {AIM} % or more. Each answer tells for each source how old it is, and why."],
    )


@contextlib.contextmanager
def side(name: str) -> Iterator[Side]:
    """Both started."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-dead-")))
        tell(f"starting the one with {name}")
        port = free_port()
        upstream: list[str | Path] = [sys.executable, "-m", "bench.upstream", "--folder", folder, "--port", str(port)]
        upstream += ["--delay", "0", "--workflows", str(WORKFLOWS), "--runs", str(RUNS_EACH)]
        providers = stack.enter_context(serving(upstream, port, on=load_core(), path="/calls"))
        file = folder / "histograph.toml"
        file.write_text(SETTINGS + file.read_text(encoding="utf-8"), encoding="utf-8")
        port = free_port()
        command: list[str | Path] = [sys.executable, "app.py", "--config", file, "--port", str(port)]
        yield Side(stack.enter_context(serving(command, port, on=server_core())), providers)


def url(one: Side) -> str:
    """Where it is asked."""
    return f"{one.server.url}/graphql"


def body(shape: Shape) -> bytes:
    """The question, and how each source answered."""
    query = shape.document.replace("complete", OUTCOMES)
    return json.dumps({"operationName": shape.name, "query": query}).encode()


def rows(one: Side, shape: Shape, status: str) -> Any:
    """What is shown.

    Raises:
        DifferentError: Not all sources have answered like that.
    """
    answer = json.loads(ask(url(one), body(shape)))
    history = (answer.get("data") or {}).get("executionHistory")
    if history is None or {source["status"] for source in history["sources"]} != {status}:
        raise DifferentError(f"{shape.name}: not all sources are {status}: {json.dumps(answer)[:1000]}")
    return history["nodes"]
