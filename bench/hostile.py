"""What an attack does to everybody else: every request of `tests/hostile`, while another connection asks for health.

The API is a process of its own, on a core of its own. Each attack is sent again and again for a while, under another
text each time, so that nothing that is remembered helps. The longest wait of a health request meanwhile stands beside
the longest in a quiet stretch of the same length, right after it: what the machine does to us by itself.
"""

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench.machine import load_core, pinned, server_core
from bench.processes import ROOT, end, free_port, serving
from bench.progress import tell
from bench.table import Table
from tests.hostile.attacks import Attack, attacks
from tests.serving.live import Client

AIM = 50.0  # milliseconds
SECONDS = 1.0  # for each attack
QUICK_SECONDS = 0.2
LEAST = 5  # times
QUERY = b'{"query": "'
LARGEST_ANEW = 1_000_000  # bytes; more is refused unread


def run(quick: bool) -> Sequence[Table]:
    """One row an attack."""
    seconds = QUICK_SECONDS if quick else SECONDS
    port = free_port()
    with sandbox() as settings:
        command = [sys.executable, "app.py", "--config", str(settings), "--port", str(port)]
        with serving(command, port, on=server_core()) as server, Health(server.url) as health:
            client, memory = Client(server.url), Memory(server.process.pid)
            client.post({"query": "{ executionHistory(first: 500) { nodes { workflow { name } } complete } }"})
            before = memory.held()
            told = []
            for attack in attacks():
                told.append(one := measure(attack, client, health, memory, seconds))
                tell(f"{one.name}: {one.wait:.1f} ms")
            grown = memory.held() - before
    return [table(told, grown)]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one attack. Times are in milliseconds, memory in MB."""

    name: str
    size: int
    statuses: Sequence[int]
    "0: the connection was closed before there was an answer."
    answered: float
    wait: float
    "The longest of a health request meanwhile."
    quiet: float
    "The longest in as long a time without the attack, of what began in it."
    grown: float
    peak: float


def measure(attack: Attack, client: Client, health: "Health", memory: "Memory", seconds: float) -> Told:
    """Sends it for so long, and then nothing."""
    health.forget()
    held = memory.start_anew()
    statuses: list[int] = []
    took: list[float] = []
    began = now = time.perf_counter()
    while now < began + seconds or len(took) < LEAST:
        statuses.append(status_of(anew(attack, len(took)), client))
        took.append(time.perf_counter() - now)
        now += took[-1]
    ended = now
    peak = memory.peak()
    time.sleep(ended - began)
    return Told(
        name=attack.name,
        size=len(attack.body),
        statuses=sorted(set(statuses)),
        answered=median(took) * 1000,
        wait=health.longest(began, ended),
        quiet=health.longest(ended, time.perf_counter(), begun=True),
        grown=memory.held() - held,
        peak=peak - held,
    )


def anew(attack: Attack, number: int) -> Attack:
    """The same with blanks before its document, so that it is no text that is known."""
    if not attack.body.startswith(QUERY) or len(attack.body) > LARGEST_ANEW:
        return attack
    blanks = f"{number:016b}".replace("0", " ").replace("1", ",").encode()  # GraphQL skips both
    return replace(attack, body=QUERY + blanks + attack.body[len(QUERY) :])


def status_of(attack: Attack, client: Client) -> int:
    """How it was answered, 0 for not at all."""
    try:
        return client.send(attack.method, attack.path, attack.body, attack.headers).status
    except OSError:
        return 0


class Health:
    """Asks for health without a pause, over one connection, from a thread of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._waits: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Health":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._connection.close()

    def longest(self, since: float, until: float, *, begun: bool = False) -> float:
        """In milliseconds, of all that were under way in that time, up to the one that its end fell into.

        Args:
            begun: Only of those that began in it.
        """
        self._settle(until)
        last = next(place for place, (_, end) in enumerate(self._waits) if end >= until)
        waits = [end - start for start, end in self._waits[: last + 1] if (start if begun else end) > since]
        return max(waits, default=0.0) * 1000

    def forget(self) -> None:
        """What was before."""
        self._waits.clear()

    def _settle(self, until: float) -> None:
        """Waits for the request that was under way then."""
        while not self._waits or self._waits[-1][1] < until:
            if not self._thread.is_alive():
                raise ConnectionError("no word of health: the server has closed the connection")
            time.sleep(0.001)

    def _ask(self) -> None:
        with contextlib.suppress(OSError, HTTPException):  # whoever waits for a word sees that there is none
            while not self._ended.is_set():
                start = time.perf_counter()
                self._connection.request("GET", "/healthz")
                self._connection.getresponse().read()
                self._waits.append((start, time.perf_counter()))


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process holds of the machine's memory, in MB, as Linux tells it; 0 elsewhere."""

    pid: int

    def held(self) -> float:
        """Now."""
        return self._of("VmRSS:")

    def peak(self) -> float:
        """The most since it was started anew."""
        return self._of("VmHWM:")

    def start_anew(self) -> float:
        """Forgets the peak; gives what is held."""
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        return self.held()

    def _of(self, name: str) -> float:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith(name):
                    return int(line.split()[1]) / 1024
        return 0.0


@contextlib.contextmanager
def sandbox() -> Iterator[Path]:
    """The five providers, beside the load; gives the settings for them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--config", folder, "--with-parent"]
        process = subprocess.Popen(
            pinned(command, load_core()), stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True
        )
        try:
            assert process.stdout is not None
            if not any(line.strip() == b"sandbox ready" for line in process.stdout):
                raise ChildProcessError("the sandbox did not start; see above")
            yield Path(folder) / "histograph.toml"
        finally:
            end(process)


def table(told: Sequence[Told], grown: float) -> Table:
    """All of them, and what they come to."""
    worst = max(told, key=lambda one: one.wait)
    over = [one.name for one in told if one.wait > AIM]
    failed = [one.name for one in told if not all(200 <= status < 500 for status in one.statuses)]
    return Table(
        "What an attack does to everybody else",
        ("attack", "bytes", "status", "answered, ms", "health waits, ms", "quiet, ms", "grown, MB", "peak, MB"),
        [
            (
                one.name,
                f"{one.size:,}",
                ", ".join(map(str, one.statuses)),
                f"{one.answered:.1f}",
                f"{one.wait:.1f}",
                f"{one.quiet:.1f}",
                f"{one.grown:.1f}",
                f"{one.peak:.1f}",
            )
            for one in told
        ],
        (
            f"The longest wait of a health request is {worst.wait:.1f} ms ({worst.name}); the aim is {AIM:.0f} ms.",
            f"Above it: {', '.join(over) or 'none'}.",
            f"Answered with 5xx, or not at all: {', '.join(failed) or 'none'}.",
            f"Memory, by all of them together: {grown:+.1f} MB.",
        ),
    )
