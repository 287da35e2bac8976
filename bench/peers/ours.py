"""Histograph itself: the real application, but for its sources, which are in memory. `uvicorn --factory`.

`BENCH_SERVER` and `BENCH_CACHE` hold settings as JSON; what this version does not know of them is left out.
"""

import json
import os

from msgspec.structs import replace
from starlette.applications import Starlette

from app import create_app, set_up_logging
from bench.peers import memory
from bench.peers.settled import settle
from connectors.caches import CacheSettings


def application() -> Starlette:
    """As a worker process makes it."""
    set_up_logging("warning")
    made = make()
    settle()
    return made


def make() -> Starlette:
    """The application alone."""
    asked = json.loads(os.environ.get("BENCH_CACHE", "{}"))
    cache = CacheSettings(**{name: value for name, value in asked.items() if name in CacheSettings.__struct_fields__})
    settings = memory.settings(**json.loads(os.environ.get("BENCH_SERVER", "{}")))
    return create_app(replace(settings, cache=cache), memory.providers())
