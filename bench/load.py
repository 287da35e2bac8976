"""Load from outside: npm's autocannon in a process of its own, held to a core that the server does not have.

It measures latencies in whole milliseconds. What it can take itself is a row in the table of warm answers: a server
that has its answer ready made.
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from bench.machine import NODE, load_core, pinned

AUTOCANNON = Path(__file__).parent / "node_modules" / "autocannon" / "autocannon.js"
GRACE = 60.0  # seconds


class Load(Struct, frozen=True, kw_only=True):
    """What came of it."""

    requests_per_second: float
    "The mean over the whole time."
    p50_ms: float
    p99_ms: float
    requests: int
    "Those answered."
    non_2xx: int
    errors: int
    "Connections that broke, and requests that were not answered in ten seconds."
    answer_bytes: int
    "Length of one answer, asked for beforehand."


def load(
    url: str,
    body: bytes | None = None,
    *,
    connections: int = 8,
    seconds: float = 4.0,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Asks the same thing over and over: by POST when there is a body, as JSON unless `headers` say otherwise.

    Raises:
        RuntimeError: autocannon is not installed, or did not work.
    """
    if not AUTOCANNON.is_file():
        raise RuntimeError("the load generator is not installed: run `make bench` (npm ci in bench)")
    sent = {**({} if body is None else {"content-type": "application/json"}), **(headers or {})}
    length = len(ask(url, body, sent))
    with tempfile.NamedTemporaryFile(suffix=".body") as file:
        command: list[str | Path] = [NODE, AUTOCANNON, "--json", "--no-progress"]
        command += ["-c", str(connections), "-d", f"{seconds:g}"]
        for name, value in sent.items():
            command += ["-H", f"{name}={value}"]
        if body is not None:
            file.write(body)
            file.flush()
            command += ["-m", "POST", "-i", file.name]
        done = subprocess.run(
            pinned([*command, url], load_core()), capture_output=True, text=True, timeout=seconds + GRACE, check=False
        )
    if done.returncode:
        raise RuntimeError(f"autocannon: {done.stderr or done.stdout}")
    told = json.loads(done.stdout)
    return Load(
        requests_per_second=told["requests"]["total"] / told["duration"],
        p50_ms=told["latency"]["p50"],
        p99_ms=told["latency"]["p99"],
        requests=told["requests"]["total"],
        non_2xx=told["non2xx"],
        errors=told["errors"] + told["timeouts"],
        answer_bytes=length,
    )


def ask(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """One answer, whatever its status."""
    sent = {**({} if body is None else {"content-type": "application/json"}), **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answered: bytes = response.read()
    except urllib.error.HTTPError as refused:
        answered = refused.read()
    return answered


def seconds_of(url: str, body: bytes | None = None) -> float:
    """How long one answer takes, on a connection of its own."""
    start = time.perf_counter()
    ask(url, body)
    return time.perf_counter() - start
