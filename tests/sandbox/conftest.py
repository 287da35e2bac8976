"""What a test of the sandbox may ask for to be sure that nothing stays behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.sandbox.fault_asking import open_files


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """No task, socket or file that was not there before."""
    before = open_files()
    yield
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert {name for name in open_files() - before if not name.startswith(("/proc", "anon_inode"))} == set()
