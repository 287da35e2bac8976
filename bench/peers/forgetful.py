"""Histograph over real connectors, with a way to forget what it remembers of runs: `POST /forget`. `uvicorn --factory`.

Lists of workflows, tokens and open connections stay, as they do from one user's question to the next one's.
"""

import gc
import os
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import create_app, set_up_logging
from bench.peers.settled import settle
from connectors.cached import Cached
from connectors.caches import CacheSettings
from connectors.questions import AllWorkflows
from connectors.registry import find_providers
from connectors.remembered import Memory
from settings import read_settings


class Forgotten(Struct):
    """What was remembered of runs."""

    answers: int
    bytes: int


def forget_runs(memory: Memory) -> Forgotten:
    """Everything but the lists of workflows."""
    known, size = list(memory._entries), memory.size
    gone = [key for key in known if not (isinstance(key, tuple) and isinstance(key[2], AllWorkflows))]
    for key in gone:
        memory.forget(key)
    return Forgotten(len(gone), size - memory.size)


def application() -> Starlette:
    """With the settings file that `BENCH_SETTINGS` names; answers are not kept as bytes, or they would not be cold."""
    set_up_logging("warning")
    providers = find_providers()
    settings = read_settings(Path(os.environ["BENCH_SETTINGS"]), providers)
    if "kept_mb" in CacheSettings.__struct_fields__:
        settings = replace(settings, cache=replace(settings.cache, **{"kept_mb": 0}))

    sources: list[Cached] = []
    memories: list[Memory] = []

    async def forget(_: Request) -> JSONResponse:
        if not memories:
            # the application has no such way, nor should it: its memory is looked for among all there is. Once, as
            # going through all of it leaves little of the processor's own cache to the question that follows
            everything = gc.get_objects()
            sources.extend(one for one in everything if isinstance(one, Cached))
            memories.extend(one for one in everything if isinstance(one, Memory))
        for source in sources:
            source.changes += 1  # pages that were made of its answers are not shown again
        told = [forget_runs(memory) for memory in memories]
        return JSONResponse({"answers": sum(one.answers for one in told), "bytes": sum(one.bytes for one in told)})

    made = create_app(settings, providers)
    made.router.routes.insert(0, Route("/forget", forget, methods=["POST"]))
    settle()
    return made
