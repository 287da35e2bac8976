"""What every test is held to at its end: no task, no socket and no other file is left that was not there before.

Tests that share what lives for their module, a server, say, or an event loop, share its connections too: there it is
looked for when the module ends.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.left_open import nothing_left_open

TURNS = 50
"Turns of the loop that a task has to end in, once nothing keeps it."
SHARED = pytest.StashKey[set[str]]()
"The fixtures of a module that live as long as it does."


@pytest.hookimpl
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    if fixturedef.scope == "module" and fixturedef.func.__module__ != __name__:
        request.node.stash.setdefault(SHARED, set()).add(fixturedef.argname)


@pytest.fixture(autouse=True, scope="module")
def no_file_left_by_module() -> Iterator[None]:
    """The first of its fixtures, hence the last to end."""
    with nothing_left_open():
        yield


@pytest.fixture(autouse=True, scope="module")
def no_task_left_by_module(request: pytest.FixtureRequest, no_file_left_by_module: None) -> None:
    if _loop_scope(request) == "module":
        request.getfixturevalue("no_task_left_in_shared_loop")


@pytest.fixture(autouse=True)
def no_file_left(request: pytest.FixtureRequest, no_file_left_by_module: None) -> Iterator[None]:
    """Looks when the loop of the test is closed, being older."""
    module = request.node.getparent(pytest.Module)
    if _loop_scope(request) == "module" or module.stash.get(SHARED, set()) & set(request.fixturenames):
        yield
        return
    with nothing_left_open():
        yield


@pytest.fixture(autouse=True)
def no_task_left(request: pytest.FixtureRequest, no_file_left: None) -> None:
    """Looks while the loop of the test is still there, if it has one of its own: closing it would end them all."""
    if _loop_scope(request) == "function":
        request.getfixturevalue("no_task_left_in_loop")


@pytest_asyncio.fixture(loop_scope="function")
async def no_task_left_in_loop() -> AsyncIterator[None]:
    yield
    await _no_task_left()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def no_task_left_in_shared_loop() -> AsyncIterator[None]:
    yield
    await _no_task_left()


async def _no_task_left() -> None:
    for _ in range(TURNS):
        if len(asyncio.all_tasks()) == 1:
            break
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def _loop_scope(request: pytest.FixtureRequest) -> str | None:
    """Of the event loop that a test runs in; None if it needs none."""
    marker = request.node.get_closest_marker("asyncio")
    return None if marker is None else marker.kwargs.get("loop_scope", "function")
