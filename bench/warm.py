"""Warm answers: the same three questions to us and to others, side by side in one run.

All servers run all the time, each in one process, all held to one core; one of them is asked at a time, from the other
core, in rounds: each once, then each again. Every server's answer has to hold the expected values, all of them.
"""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphql import print_schema

from app import build_schema
from bench import data
from bench.figures import Figure, plain, ratio
from bench.load import Load, ask, load
from bench.machine import NODE, server_core
from bench.processes import Server, free_port, serving
from bench.progress import tell
from bench.shapes import SHAPES, Shape
from bench.table import Table
from connectors.registry import find_providers

PEERS = Path(__file__).parent / "peers"
CONNECTIONS = 8
UVICORN = ("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--log-level", "warning")


@dataclass(frozen=True, slots=True)
class Peer:
    """One server of the table."""

    title: str
    module: str
    "Of Python, with a factory `application`; or a script for Node."
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    "Environment variables that hold JSON."

    def command(self, port: int) -> list[str | Path]:
        """What starts it."""
        if self.module.endswith(".mjs"):
            return [NODE, PEERS / self.module]
        factory = f"bench.peers.{self.module}:application"
        return [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), *UVICORN]


OURS = "Histograph"
ARIADNE = "plain ariadne, same resolvers"
BY_HAND = "starlette + msgspec, by hand"
PEER_LIST = (
    Peer(OURS, "ours"),
    Peer("Histograph, kept bytes off", "ours", {"BENCH_CACHE": {"kept_mb": 0}}),
    Peer("Histograph, compiled engine off", "ours", {"BENCH_SERVER": {"compiled": False}}),
    Peer(ARIADNE, "plain_ariadne"),
    Peer("Strawberry", "strawberry_peer"),
    Peer(BY_HAND, "by_hand"),
    Peer("graphql-jit", "jit.mjs"),
    Peer("graphql-yoga", "yoga.mjs"),
    Peer("Apollo Server", "apollo.mjs"),
    Peer("bytes that lie ready", "ready_made"),
)


class DifferentError(Exception):
    """A server does not do the same work as the others."""


@dataclass(slots=True)
class Tries:
    """What one server did for one question, round by round."""

    per_second: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    "Time of its core for one answer."

    def add(self, done: Load, cpu_seconds: float) -> None:
        """One round."""
        self.per_second.append(done.requests_per_second)
        self.p50.append(done.p50_ms)
        self.p99.append(done.p99_ms)
        self.cpu_ms.append(cpu_seconds * 1000 / max(done.requests, 1))


def run(quick: bool) -> Sequence[Table]:
    """A table for each question."""
    rounds, seconds = (2, 1.0) if quick else (5, 3.0)
    with running() as servers:
        for shape in SHAPES:
            check(servers, shape)
        return [measure(servers, shape, rounds, seconds) for shape in SHAPES]


@contextlib.contextmanager
def running(peers: Sequence[Peer] = PEER_LIST) -> Iterator[Mapping[str, Server]]:
    """The servers by their titles."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        sdl = folder / "schema.graphql"
        sdl.write_text(print_schema(build_schema(find_providers())), encoding="utf-8")
        given = {"BENCH_RUNS": str(data.write(folder)), "BENCH_SDL": str(sdl), "NODE_ENV": "production"}
        servers = {}
        for peer in peers:
            tell(f"starting {peer.title}")
            port = free_port()
            own = {name: json.dumps(value) for name, value in peer.settings.items()}
            started = serving(
                peer.command(port), port, on=server_core(), environment={**given, **own, "PORT": str(port)}
            )
            servers[peer.title] = stack.enter_context(started)
        yield servers


def check(servers: Mapping[str, Server], shape: Shape) -> None:
    """Each gives the values that are expected, and nothing else.

    Raises:
        DifferentError: One does not.
    """
    wanted = {"data": data.expected(shape.document, data.runs())}
    for title, server in servers.items():
        given = json.loads(ask(f"{server.url}/graphql", shape.body))
        if given != wanted:
            raise DifferentError(f"{title} answers {shape.name} with other values: {json.dumps(given)[:500]}")


def measure(servers: Mapping[str, Server], shape: Shape, rounds: int, seconds: float) -> Table:
    """All servers in rounds; what they did before counts only to warm them up."""
    tries = {title: Tries() for title in servers}
    length = 0
    for number in range(rounds + 1):
        for title, server in servers.items():
            before = server.cpu_seconds()
            url = f"{server.url}/graphql"
            done = load(url, shape.body, connections=CONNECTIONS, seconds=seconds if number else min(seconds, 1.5))
            if done.errors or done.non_2xx:
                raise DifferentError(f"{title}: {done.errors} errors, {done.non_2xx} refusals")
            if number:
                tries[title].add(done, server.cpu_seconds() - before)
                tell(f"{shape.name}, round {number} of {rounds}: {title}: {plain(done.requests_per_second)}/s")
            if title == BY_HAND:
                length = done.answer_bytes
    return table(shape, tries, length)


def table(shape: Shape, tries: Mapping[str, Tries], length: int) -> Table:
    """Medians, and how they compare."""
    medians = {title: Figure.of(one.per_second).median for title, one in tries.items()}
    fields = data.count_fields(data.expected(shape.document, data.runs()))
    rows = [
        (
            title,
            str(Figure.of(one.per_second)),
            ratio(medians[title], medians.get(ARIADNE, 0)),
            ratio(medians[title], medians.get(BY_HAND, 0)),
            plain(Figure.of(one.p50).median),
            plain(Figure.of(one.p99).median),
            str(Figure.of(one.cpu_ms)),
        )
        for title, one in tries.items()
    ]
    columns = ("server", "requests/s", "× ariadne", "× by hand", "p50 ms", "p99 ms", "core ms an answer")
    return Table(f"Warm: {shape.title} ({fields:,} fields, {length / 1000:.0f} kB)", columns, rows)
