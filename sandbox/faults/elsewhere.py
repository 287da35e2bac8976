"""The host that redirects point to: it says «nothing found» to everybody, and writes down who came with what."""

from aiohttp import web

from sandbox.answers import answer
from sandbox.calls import counting
from sandbox.faults.active import Active


async def open_elsewhere(active: Active) -> None:
    """Have it as long as the fault is on. Its name is `localhost`, which is another host than 127.0.0.1."""
    app = web.Application(middlewares=[counting(active.server.name, active.followed)])
    app.router.add_route("*", "/{path:.*}", _nothing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    active.resources.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    active.elsewhere = f"http://localhost:{runner.addresses[0][1]}"


async def _nothing(request: web.Request) -> web.Response:
    del request
    return answer([])
