"""What this process has open, and what of it stays behind: nothing should."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

LOOKS, PAUSE = 200, 0.01  # seconds: a server in another thread may be about to close what its client has closed


def open_files() -> Mapping[int, str]:
    """Files, sockets and pipes by descriptor."""
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # runs before and after each test: twice as fast
        with suppress(FileNotFoundError):  # it was that of the directory itself
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
    return found


def left_open(before: Mapping[int, str], looks: int = LOOKS) -> list[str]:
    """What is open now and was not before. Looks again only when there is something."""
    for _ in range(looks):
        left = [name for number, name in open_files().items() if before.get(number) != name]
        if not left:
            break
        time.sleep(PAUSE)
    return left


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Fails when something is open afterwards that was not before."""
    before = open_files()
    yield
    if left := left_open(before):
        raise AssertionError(f"left open: {', '.join(left)}")
