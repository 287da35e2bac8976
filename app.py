"""Histograph: settings -> connectors -> schema -> routes. Knows all other modules; `python app.py` runs it."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import structlog
import uvicorn
from ariadne import make_executable_schema
from graphql import GraphQLSchema
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.supervisors import Multiprocess

import schema
from connectors.cached import Cached
from connectors.caches import Caches
from connectors.check import Check, check
from connectors.connect import connect
from connectors.declaration import Provider
from connectors.footprint import weight_of
from connectors.registry import find_providers
from connectors.remembered import MB
from engine.compiled import Compiled
from engine.documents import Documents
from engine.federation import Subgraph
from engine.kept import Kept
from engine.leaves import AttributeOf, RawJson
from engine.project import Project
from resolvers.bindables import bindables
from resolvers.context import Context, House, Source
from resolvers.cursor import DEFAULT_KEY
from resolvers.entities import ENTITIES
from resolvers.execution import BATCHES
from resolvers.pages import Pages
from schema.instant import Instant
from serving import explorer
from serving.collector import settle
from serving.freshness import Freshness
from serving.handler import GraphQLEndpoint
from serving.persisted import Store
from serving.spaces import spaces_endpoint
from settings import Settings, SettingsError, read_settings

CONFIG = "HISTOGRAPH_CONFIG"
DEFAULT_CONFIG = Path("histograph.toml")
USAGE_ERROR = 2


def build_schema(providers: Mapping[str, Provider]) -> GraphQLSchema:
    """The executable schema: the same in every environment, whatever sources there are."""
    text = schema.sdl(*(provider.sdl for provider in providers.values() if provider.sdl is not None))
    subgraph = Subgraph(text, ENTITIES)
    type_defs = [*subgraph.type_defs, schema.direct_sdl()]
    return make_executable_schema(type_defs, *bindables(), subgraph, convert_names_case=True)


def compile_selections(executable: GraphQLSchema, settings: Settings) -> Compiled:
    """Completes answers by compiled selections. Runs that are over stay as they are."""
    kept_bytes = settings.cache.kept_mb * MB
    return Compiled(
        Project(
            executable,
            models=(Struct,),
            batches=BATCHES,
            shortcuts={"DateTime": AttributeOf(Instant, "text"), "JSON": RawJson()},
            keeps={"Execution": lambda run: run.status.is_final},
            kept=Kept(kept_bytes, weight_of) if kept_bytes else None,
            encodes=True,
        )
    )


def create_app(settings: Settings, providers: Mapping[str, Provider]) -> Starlette:
    """The application. Its sources are connected when it starts, in the loop that serves it."""
    executable = build_schema(providers)
    compiled = compile_selections(executable, settings) if settings.server.compiled else None
    connected: list[Cached] = []
    house = House(sources=[], pages=Pages())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        caches = Caches.of(settings.cache)
        connected.extend(connect(name, one, providers[one.provider], caches) for name, one in settings.sources.items())
        key = settings.server.cursor_key
        house.sources = [Source(connector) for connector in connected]
        house.deadline_seconds = settings.server.deadline_seconds
        house.allow_delete = settings.server.allow_delete
        house.cursor_key = DEFAULT_KEY if key is None else key.reveal().encode()
        yield
        await house.aclose()
        for connector in connected:
            await connector.aclose()
        await caches.aclose()

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    endpoint = GraphQLEndpoint(
        Documents(executable, settings.limits),
        lambda: Context(house),
        Freshness(executable),
        Store.of(settings.server.trusted_documents),
        settings.server.http_edition,
        compiled,
    )
    return Starlette(
        routes=[
            Route("/graphql", endpoint),
            *spaces_routes(settings, providers, lambda: Context(house)),
            Route("/healthz", healthz),
            *explorer.routes(),
        ],
        lifespan=lifespan,
    )


def spaces_routes(
    settings: Settings, providers: Mapping[str, Provider], new_context: Callable[[], Context]
) -> list[Route]:
    """The Spaces-compatible door, if a source is named for it."""
    name = settings.server.spaces_source
    door = None if name is None else providers[settings.sources[name].provider].door
    if name is None or door is None:
        return []
    return [Route("/spaces/graphql", spaces_endpoint(door, name, new_context, settings.limits))]


def from_environment() -> Starlette:
    """What each worker process runs: the settings file is named by `HISTOGRAPH_CONFIG`."""
    providers = find_providers()
    settings = read_settings(Path(os.environ[CONFIG]), providers)
    set_up_logging(settings.server.log_level)
    application = create_app(settings, providers)
    settle()
    return application


def set_up_logging(level: str) -> None:
    """Lines of key and value on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,  # shows no local variables: they may be secret
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)


async def check_sources(settings: Settings, providers: Mapping[str, Provider]) -> list[Check]:
    """Asks every source once, all at the same time."""
    connected = [connect(name, one, providers[one.provider]) for name, one in settings.sources.items()]
    try:
        return list(await asyncio.gather(*(check(connector) for connector in connected)))
    finally:
        for connector in connected:
            await connector.aclose()


def print_checks(checks: list[Check]) -> None:
    """The table of `--check`."""
    rows = [("SOURCE", "PROVIDER", "WORKFLOWS", "A RUN FROM", "SECONDS", "PROBLEM")]
    for one in checks:
        newest = one.newest.text if one.newest else "-"
        workflows = "-" if one.workflows is None else str(one.workflows)
        rows.append((one.source, one.provider.lower(), workflows, newest, f"{one.seconds:.2f}", one.problem or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextlib.contextmanager
def running_sandbox() -> Iterator[Path]:
    """The sandbox as a process of its own; gives the settings file for it. Ends with this process."""
    with tempfile.TemporaryDirectory(prefix="histograph-") as folder:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--config", folder, "--with-parent"]
        # a session of its own, so that Ctrl-C reaches this process alone, which then ends the sandbox in good order
        process = subprocess.Popen(  # noqa: S603  # our own module
            command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent, start_new_session=True
        )
        try:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            for line in process.stdout:
                if line.strip() == "sandbox ready":
                    break
            else:
                raise SettingsError(["the sandbox did not start; see above"])
            yield Path(folder) / "histograph.toml"
        finally:
            process.terminate()
            process.wait()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Exit status 2: something is wrong with the settings."""
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="One GraphQL query over the run history of every workflow system a team uses.",
        epilog=f"Settings: --config, else {CONFIG}, else {DEFAULT_CONFIG} here, else a sandbox with data in it.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (histograph.toml)")
    parser.add_argument("--check", action="store_true", help="read the settings, ask each source once, and stop")
    parser.add_argument("--host", help="address to listen on, in place of the setting")
    parser.add_argument("--port", type=int, help="port to listen on, in place of the setting")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the port")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        try:
            file = options.config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
            if file is None and DEFAULT_CONFIG.exists():
                file = DEFAULT_CONFIG
            if file is None:
                print("No settings file: starting the sandbox, five providers with made-up runs", flush=True)
                file = stack.enter_context(running_sandbox())
            providers = find_providers()
            settings = read_settings(file, providers)
        except SettingsError as error:
            print(error, file=sys.stderr)
            return USAGE_ERROR
        set_up_logging(settings.server.log_level)
        if options.check:
            checks = asyncio.run(check_sources(settings, providers))
            print_checks(checks)
            return 1 if any(one.problem for one in checks) else 0
        os.environ[CONFIG] = str(file)
        port = settings.server.port if options.port is None else options.port
        serve(options.host or settings.server.host, port, options.workers, settings.server.deadline_seconds)
    return 0


def serve(host: str, port: int, workers: int, deadline_seconds: float) -> None:
    """Serves until Ctrl-C or SIGTERM; requests at hand are answered first."""
    config = uvicorn.Config(
        "app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=int(deadline_seconds) + 5,
    )
    listener = config.bind_socket()
    listener.listen(2048)  # from here on clients may come: they wait for the start
    address = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}"
    with contextlib.suppress(KeyboardInterrupt):
        print(f"GraphiQL on {address}/ and the API on {address}/graphql", flush=True)
        if workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: leaves no temporary files
    sys.exit(main())
