"""What gateways ask for by key: runs, steps and workflows, each found by the parts of its own id.

All of a request go to their sources together: one batch of runs for each source, then one of steps where those are
asked for. What is not there (any more) is None; what cannot be, or cannot be had, is an exception in its place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError, MissingError
from resolvers.context import Context, Info
from resolvers.errors import FieldFailedError, bad_input
from resolvers.loaders import Failed
from schema.identity import NativeId, unpack
from schema.model import Execution, ExecutionStep, Workflow

Representation = Mapping[str, Any]
Found = Sequence[object]
"A model, an exception or None for each representation."


async def find_executions(given: Sequence[Representation], info: Info) -> Found:
    """Runs by id."""
    return await _each(given, info.context, 3, _run)


async def find_steps(given: Sequence[Representation], info: Info) -> Found:
    """Steps by id: each is looked for among the steps of its run."""

    async def find(context: Context, source: str, workflow: str, execution: str, place: str) -> ExecutionStep | None:
        run = await _run(context, source, workflow, execution)
        if run is None:
            return None
        steps = await context.loaders(source).steps.load(run)
        if isinstance(steps, Failed):
            raise steps.error
        return next((one for one in steps.steps if one.place == place), None)

    return await _each(given, info.context, 4, find)


async def find_workflows(given: Sequence[Representation], info: Info) -> Found:
    """Workflows by id, without a call: as for runs, which may outlive their workflow in the provider's list."""

    async def find(context: Context, source: str, native_id: str) -> Workflow:
        return Workflow(source=source, provider=context.by_name[source].connector.provider, native_id=native_id)

    return await _each(given, info.context, 2, find)


ENTITIES = {"Execution": find_executions, "ExecutionStep": find_steps, "Workflow": find_workflows}
"By the interface or type that has the key."


async def _run(context: Context, source: str, workflow: str, execution: str) -> Execution | None:
    run = await context.loaders(source).details.load(NativeId(workflow, execution))
    if isinstance(run, Failed):
        raise run.error
    return run


async def _each(
    given: Sequence[Representation], context: Context, parts: int, find: Callable[..., Awaitable[object]]
) -> Found:
    """What `find` gives for the parts of each id, all asked for at the same time."""

    async def find_one(one: Representation) -> object:
        source, *rest = _parts(one, parts, context)
        try:
            return await find(context, source, *rest)
        except MissingError:
            return None
        except ConnectorError as error:
            raise FieldFailedError(source, error) from None

    return await asyncio.gather(*map(find_one, given), return_exceptions=True)


def _parts(one: Representation, count: int, context: Context) -> tuple[str, ...]:
    """A source that is configured, and what stands for the entity there.

    Raises:
        CallerError: There is no such id.
    """
    kind, text = one["__typename"], one.get("id")
    if not isinstance(text, str):
        raise bad_input(f"_entities: {kind} is asked for by its id")
    parts = unpack(text)
    if parts is None or len(parts) != count:
        raise bad_input(f"_entities: not an id of {kind}")
    if parts[0] not in context.by_name:
        raise bad_input(f"_entities: no source {parts[0]!r} is configured")
    return parts
