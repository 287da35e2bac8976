"""`python -m bench.soak`: some minutes of everything at once against the API as a real process, and what it holds.

Caches are given little room, and documents are filled up beforehand, so that all is full after the first minutes: what
grows from then on is a leak. The slope is that of a line through all samples from then on, by least squares.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import can_pin, describe, load_core, server_core
from bench.processes import Server, free_port, serving
from bench.progress import tell
from bench.soak_load import Soak
from bench.table import Table
from sandbox import Sandbox

SETTINGS = """
[server]
deadline_seconds = 3
log_level = "error"

[cache]
max_mb = {cache_mb}
kept_mb = {kept_mb}
"""
BETWEEN_SAMPLES, BETWEEN_LINES = 2.0, 30.0  # seconds
FIRST = 0.4
"Of the time, while caches fill."
AIM = 1.0  # MB an hour
RUNS = 1000  # of each provider
KEPT_MB = 8  # for encoded parts of answers


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process held."""

    at: float
    "Seconds since the start."
    memory_mb: float
    files: int
    blocks: int
    "In use by Python, of whatever size."


def slope(times: Sequence[float], sizes: Sequence[float]) -> tuple[float, float]:
    """What is added in an hour, by least squares, and its standard error. The times are in hours."""
    count = len(times)
    if count < 3:
        return float("nan"), float("nan")
    time_mean, size_mean = sum(times) / count, sum(sizes) / count
    spread = sum((at - time_mean) ** 2 for at in times)
    found = sum((at - time_mean) * (size - size_mean) for at, size in zip(times, sizes, strict=True)) / spread
    rest = sum((size - size_mean - found * (at - time_mean)) ** 2 for at, size in zip(times, sizes, strict=True))
    return found, (rest / (count - 2) / spread) ** 0.5


async def soak(minutes: float, cache_mb: int) -> tuple[list[Sample], Counter[str]]:
    """The samples, and the requests by kind and by how they ended."""
    with tempfile.TemporaryDirectory(prefix="histograph-soak-") as folder:
        async with Sandbox(limits=False, runs_per_provider=RUNS) as sandbox:
            for table in sandbox.sources.values():
                table["requests_per_second"] = 10_000
            file = sandbox.write_settings(folder)
            told = file.read_text(encoding="utf-8")
            file.write_text(SETTINGS.format(cache_mb=cache_mb, kept_mb=KEPT_MB) + told, encoding="utf-8")
            port = free_port()
            blocks = Path(folder, "blocks")
            options: list[str | Path] = ["--config", file, "--port", str(port)]
            command: list[str | Path] = [sys.executable, "-m", "bench.counted", blocks, *options]
            if can_pin():
                os.sched_setaffinity(0, {load_core()})
            starting = serving(command, port, on=server_core())
            # the sources have to answer while the server starts: it is waited for in another thread
            server = await asyncio.to_thread(starting.__enter__)
            try:
                async with Soak(server.url, sandbox) as load:
                    return await _watch(server, load, blocks, minutes * 60), load.ended
            finally:
                await asyncio.to_thread(starting.__exit__, None, None, None)


async def _watch(server: Server, load: Soak, blocks: Path, seconds: float) -> list[Sample]:
    samples: list[Sample] = []
    start = said = time.monotonic()
    while (now := time.monotonic()) < start + seconds:
        samples.append(Sample(now - start, server.memory_mb(), _files(server), _number(blocks)))
        if now >= said:
            said += BETWEEN_LINES
            last = samples[-1]
            tell(f"{last.at:5.0f} s  {last.memory_mb:7.1f} MB  {last.files:4d} files  {load.ended.total():8d} requests")
        await asyncio.sleep(BETWEEN_SAMPLES)
    return samples


def _files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


def tables(samples: Sequence[Sample], ended: Counter[str], minutes: float, cache_mb: int) -> list[Table]:
    """What was seen."""
    late = [one for one in samples if one.at >= FIRST * minutes * 60]
    times, sizes = [one.at / 3600 for one in late], [one.memory_mb for one in late]
    blocks = [one.blocks / 1000 for one in late]
    (found, error), (more, blocks_error) = slope(times, sizes), slope(times, blocks)
    kinds = sorted({name.partition(" ")[0] for name in ended})
    ways = sorted({name.partition(" ")[2] for name in ended})
    return [
        Table(
            "Requests by kind, and how they ended",
            ("", *ways),
            [(kind, *(str(ended[f"{kind} {way}"]) for way in ways)) for kind in kinds],
        ),
        Table(
            f"Memory from minute {FIRST * minutes:.1f} to {minutes:g}, with {cache_mb} MB for what sources answered",
            ("least, MB", "most, MB", "slope, MB an hour", "standard error", "files at the end"),
            [(f"{min(sizes):.1f}", f"{max(sizes):.1f}", f"{found:+.1f}", f"{error:.1f}", str(late[-1].files))],
            [f"The aim is a slope below {AIM:g} MB an hour. A process takes memory and gives it back by the MB."],
        ),
        Table(
            "Blocks that Python had in use meanwhile, in thousands",
            ("least", "most", "slope, an hour", "standard error"),
            [(f"{min(blocks):.0f}", f"{max(blocks):.0f}", f"{more:+.0f}", f"{blocks_error:.0f}")],
            ["A leak shows here as well; a step of the memory alone is none."],
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run it. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Mixed load, and whether memory stays.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--cache-mb", type=int, default=16, help="room for what sources answered (default: 16)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server ends with us
    print(describe(), end="\n\n", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        samples, ended = asyncio.run(soak(options.minutes, options.cache_mb))
        print("\n".join(table.as_text() for table in tables(samples, ended, options.minutes, options.cache_mb)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
