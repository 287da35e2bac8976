"""The five providers for benchmarks: the sandbox's servers, of a chosen width, with each answer after a fixed time.

    python -m bench.upstream --folder DIR --port 8200 --delay 0.1 --workflows 4 --runs 60

What was answered once is answered again from memory, so that the servers' own work stays far below the delay and delays
nobody. `GET /calls` on `--port` tells how many calls there were since it was last asked.
"""

import argparse
import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox import PROVIDERS, Run, Sandbox, State, StepPlan, Workflow, World
from sandbox.model import SECOND, Step

STEPS = 5
RATE = "requests_per_second = 10000\nmax_connections = 512\n"
"For each source, so that no pace of ours is what is measured."


def world(workflows: int, runs: int, newest: int) -> World:
    """So many workflows with so many runs each, spread evenly over time; each run has five steps, one after another."""
    plans = tuple(StepPlan(f"step_{at}", f"Step {at}", "http") for at in range(STEPS))
    flows = [Workflow(id=f"flow-{at:03d}", name=f"Flow {at}", steps=plans) for at in range(workflows)]
    return World(
        flows,
        [
            Run(
                id=f"run-{turn:05d}-{at:03d}",
                workflow=flow.id,
                started_at=start,
                ended_at=start + STEPS * SECOND,
                outcome=State.SUCCEEDED,
                steps=tuple(
                    Step(plan=plan, started_at=start + place * SECOND, ended_at=start + (place + 1) * SECOND)
                    for place, plan in enumerate(plans)
                ),
            )
            for turn in range(runs)
            for at, flow in enumerate(flows)
            for start in [newest - (turn * workflows + at) * 7 * SECOND]
        ],
    )


@dataclass(slots=True)
class Delayed:
    """Answers after a fixed time, from memory if it can."""

    delay: float
    calls: int = 0
    _known: dict[tuple[str, ...], tuple[int, bytes, str]] = field(default_factory=dict)
    _authorization: dict[str, str] = field(default_factory=dict)

    def around(self, provider: str) -> Middleware:
        """The middleware for one provider."""

        @web.middleware
        async def delayed(request: web.Request, handler: Handler) -> web.StreamResponse:
            due = asyncio.get_running_loop().time() + self.delay
            self.calls += 1
            self._authorization[provider] = request.headers.get("Authorization", "")
            body = await request.read()
            key = (provider, request.method, request.path_qs, body.decode())
            if key not in self._known:
                response = await handler(request)
                if not isinstance(response, web.Response) or response.status != web.HTTPOk.status_code:
                    return response
                self._known[key] = (response.status, body_of(response), response.headers["Content-Type"])
            status, content, media_type = self._known[key]
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            return web.Response(status=status, body=content, headers={"Content-Type": media_type})

        return delayed

    async def told(self, _: web.Request) -> web.Response:
        """How many calls there were since this was last asked."""
        calls, self.calls = self.calls, 0
        return web.json_response({"calls": calls})

    async def lent(self, _: web.Request) -> web.Response:
        """The credentials that were last sent, by provider: how one comes by them is no part of what is measured."""
        return web.json_response(self._authorization)


def body_of(response: web.Response) -> bytes:
    """Its bytes."""
    return bytes(response.body) if isinstance(response.body, (bytes, bytearray)) else b""


async def serve(options: argparse.Namespace) -> None:
    """Until it is ended."""
    delayed = Delayed(options.delay)
    newest = time.time_ns() - 60 * SECOND
    worlds = {name: world(options.workflows, options.runs, newest - at * SECOND) for at, name in enumerate(PROVIDERS)}
    async with Sandbox(limits=False, worlds=worlds, middlewares=lambda provider: [delayed.around(provider)]) as sandbox:
        settings = sandbox.write_settings(options.folder)
        settings.write_text(unpaced(settings.read_text()))
        control = web.Application()
        control.add_routes([web.get("/calls", delayed.told), web.get("/credentials", delayed.lent)])
        runner = web.AppRunner(control, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", options.port).start()
        await asyncio.Event().wait()


def unpaced(settings: str) -> str:
    """Settings in which sources may be asked as often as one likes."""
    plain = re.sub(r"^(requests_per_second|max_connections) = .*\n", "", settings, flags=re.MULTILINE)
    return re.sub(r"^provider = ", f"{RATE}provider = ", plain, flags=re.MULTILINE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.upstream")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--workflows", type=int, default=4)
    parser.add_argument("--runs", type=int, default=60)
    uvloop.run(serve(parser.parse_args()))
