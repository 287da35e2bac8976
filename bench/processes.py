"""Servers as processes of their own, each held to a core: started, waited for until they answer, looked at, ended."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import pinned

ROOT = Path(__file__).parent.parent
START = 60.0  # seconds
GRACE = 10.0  # seconds


class NotUpError(Exception):
    """A server ended before it answered, or never did; with what it printed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. `url` has no path."""

    url: str
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """Time that it has had of its core so far, with its children's; 0.0 where the system does not tell."""
        return sum(_cpu_seconds(pid) for pid in self._family())

    def memory_mb(self) -> float:
        """What it holds of the machine's memory, with its children."""
        return sum(_memory_mb(pid) for pid in self._family())

    def _family(self) -> list[int]:
        pid = self.process.pid
        with contextlib.suppress(OSError):
            return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return [pid]


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path],
    port: int,
    *,
    on: int | Iterable[int] | None = None,
    path: str = "/healthz",
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Iterator[Server]:
    """A server on loopback, from when it answers at `path` (with whatever status) until the end of the block.

    Args:
        on: The cores that it is held to.

    Raises:
        NotUpError: It ended, or did not answer in a minute.
    """
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as output:
        # a session of its own: Ctrl-C reaches this process alone, which then ends the server in good order
        process = subprocess.Popen(
            pinned(command, on),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            _wait_until_up(process, url + path, output)
            yield Server(url, process)
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Asks it to end, and makes it if it does not."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_up(process: "subprocess.Popen[bytes]", url: str, output: object) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        if _answers(url):
            return
        time.sleep(0.05)
    seek, read = getattr(output, "seek"), getattr(output, "read")  # noqa: B009  # any binary file
    seek(0)
    raise NotUpError(f"{process.args!r} does not answer at {url}:\n{read().decode(errors='replace')[-4000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def _cpu_seconds(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
