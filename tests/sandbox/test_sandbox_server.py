"""The sandbox as a whole: its servers, its settings, what it counts, and how it is run by hand."""

import asyncio
import json
import os
import signal
import socket
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox import PROVIDERS, Sandbox, World
from sandbox.__main__ import main
from tests.sandbox.sandbox_asking import NOW, Clocks, asking, some_run

ROOT = Path(__file__).parents[2]
NAMES = {"boomi": "boomi-eu", "yandex": "flows", "arcee": "llm", "informer": "reports", "sailpoint": "identity"}


async def test_all_five_are_up_and_told_as_settings() -> None:
    async with Sandbox(now=NOW, runs_per_provider=5) as sandbox:
        assert {table["provider"]: source for source, table in sandbox.sources.items()} == NAMES
        assert set(sandbox.worlds) == set(PROVIDERS)
        assert sandbox.sources["llm"]["base_url"] == sandbox.url("arcee") + "/api/v1/workflow"
        assert sandbox.sources["flows"]["iam_url"] == sandbox.sources["flows"]["base_url"]
        assert {source for source, table in sandbox.sources.items() if "requests_per_second" in table} == {
            "flows",
            "llm",
            "reports",
        }
        spaces = sandbox.spaces_source
        assert spaces["mode"] == "spaces"
        assert spaces["graphql_url"] == sandbox.url("boomi") + "/graphql"
        assert "dbb98f81-6914-43a2-b03f-594506940dd5" in spaces["workflow_ids"]  # type: ignore[operator]


async def test_only_the_wanted_providers_run_on_the_worlds_given() -> None:
    world = World()
    async with Sandbox(providers=["arcee"], worlds={"arcee": world}) as sandbox:
        assert list(sandbox.sources) == ["llm"]
        assert sandbox.worlds == {"arcee": world}


async def test_changes_of_a_world_are_seen_at_once() -> None:
    async with asking("arcee") as ask:
        ask.sandbox.worlds["arcee"].add(some_run("new"))
        assert [run["id"] for run in (await ask.arcee("/workflows/w/runs")).json] == ["new"]
        ask.sandbox.worlds["arcee"].delete("new")
        assert (await ask.arcee("/workflows/w/runs")).json == []


async def test_every_request_is_written_down_in_order() -> None:
    async with asking("boomi") as ask:
        await ask.boomi("/Process/query", {})
        await ask("GET", "boomi", "/nothing?a=1")
        calls = list(ask.sandbox.calls)
        ask.sandbox.calls.clear()

    path = "/api/rest/v1/account-123456/Process/query"
    assert [(call.provider, call.method, call.path, call.query, call.body, call.status) for call in calls] == [
        ("boomi", "POST", path, {}, "{}", 200),
        ("boomi", "GET", "/nothing", {"a": "1"}, "", 404),
    ]
    assert calls[0].headers["accept"] == "application/json"


async def test_a_server_that_is_stopped_refuses_connections_and_comes_back_on_its_port() -> None:
    async with asking("informer", some_run()) as ask:
        before = ask.sandbox.url("informer")
        await ask.sandbox.stop("informer")
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask.informer("/api/jobs")
        await ask.sandbox.start("informer")

        assert ask.sandbox.url("informer") == before
        assert (await ask.informer("/api/jobs/w/history")).json["total"] == 1


@pytest.mark.parametrize("provider", ["yandex", "sailpoint"])
async def test_tokens_can_be_made_to_expire(provider: str) -> None:
    async with asking(provider) as ask:
        path = {"yandex": "/execution?workflowId=w", "sailpoint": "/workflows"}[provider]
        call = {"yandex": ask.yandex, "sailpoint": ask.sailpoint}[provider]
        before = (await call(path)).status
        ask.sandbox.expire_tokens(provider)
        after = (await call(path)).status
        ask.tokens.clear()
        anew = (await call(path)).status

    assert (before, after, anew) == (200, 401, 200)


async def test_middlewares_stand_between_the_counter_and_the_provider() -> None:
    @web.middleware
    async def broken(request: web.Request, handler: Handler) -> web.StreamResponse:
        del request, handler
        return web.Response(status=500)

    def chain(provider: str) -> list[Middleware]:
        return [broken] if provider == "arcee" else []

    async with asking("arcee", middlewares=chain) as ask:
        assert (await ask.arcee("/workflows")).status == 500
        assert [call.status for call in ask.sandbox.calls] == [500]


async def test_what_is_seen_moves_with_the_clock() -> None:
    clocks = Clocks()
    async with asking("arcee", some_run(ago=-1, lasts=60)) as ask:
        clocks = ask.clocks
        seen = []
        for _ in range(3):
            seen.append([run["status"] for run in (await ask.arcee("/workflows/w/runs")).json])
            clocks.pass_seconds(61)

    assert seen == [[], ["running"], ["completed"]]


def plain(value: Any) -> Any:
    """A setting; a secret is read from its file, which is nobody else's business."""
    if not isinstance(value, dict):
        return value
    secret = Path(value["file"])
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    return secret.read_text()


async def test_settings_are_written_with_each_secret_in_a_file_of_its_own(tmp_path: Path) -> None:
    async with Sandbox(now=NOW, runs_per_provider=5) as sandbox:
        path = sandbox.write_settings(tmp_path / "settings")
        tables = tomllib.loads(path.read_text())["sources"]
        for source, table in sandbox.sources.items():
            assert {key: plain(value) for key, value in tables[source].items()} == table
        assert not any(secret in path.read_text() for secret in ("sandbox-boomi-token", "PRIVATE KEY"))

    key = json.loads(plain(tables["flows"]["service_account_key"]))
    assert {"id", "service_account_id", "private_key"} <= set(key)
    assert jwt.encode({}, key["private_key"], "PS256")


@pytest.fixture
def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_by_hand_it_says_when_it_is_ready_and_ends_without_a_word(
    number: signal.Signals, environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--config", str(tmp_path)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=pipe, stderr=pipe)
    assert process.stdout
    assert process.stderr
    lines = []
    while line := (await process.stdout.readline()).decode():
        lines.append(line)
        if line == "sandbox ready\n":
            break
    process.send_signal(number)
    errors = await process.stderr.read()

    assert (await process.wait(), errors) == (0, b"")
    assert lines[-1] == "sandbox ready\n"
    assert any("python app.py --config" in line for line in lines)
    assert plain({"file": tmp_path / "llm.api_token"}) == "sandbox-arcee-token"


async def test_it_ends_when_its_parent_is_gone(environment: dict[str, str]) -> None:
    """A shell starts it and is killed; the pipe closes once the sandbox, which holds its other end, is gone too."""
    script = f"{sys.executable} -m sandbox --port 0 --with-parent; true"
    pipe = asyncio.subprocess.PIPE
    shell = await asyncio.create_subprocess_exec("sh", "-c", script, env=environment, cwd=ROOT, stdout=pipe)
    assert shell.stdout
    while await shell.stdout.readline() != b"sandbox ready\n":
        pass
    shell.kill()
    await shell.wait()

    assert await shell.stdout.read() == b""


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = main(["--port", port])

    assert code == 1
    assert port in capsys.readouterr().err
