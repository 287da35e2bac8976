"""What an operator does by hand: the queries that people see first, `--check`, and Spaces in place of REST."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from app import CONFIG
from sandbox import Sandbox
from tests.system.serving_api import api_over

ROOT = Path(__file__).parents[2]
QUERIES = {
    file.stem: file.read_text(encoding="utf-8")
    for file in sorted((ROOT / "serving" / "explorer" / "queries").glob("*.graphql"))
}


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
async def test_a_query_of_the_explorer_is_answered(text: str, tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=300) as sandbox, api_over(sandbox, tmp_path) as api:
        data = await api.data(text)

        assert data["executionHistory"]["nodes"]


async def test_started_alone_it_brings_a_sandbox_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    """Ended by SIGTERM, as service managers do."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("app.py", "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={name: text for name, text in os.environ.items() if name != CONFIG} | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    said = [(await process.stdout.readline()).decode() for _ in range(2)]
    made = contents(tmp_path)
    process.terminate()
    await process.communicate()

    assert "GraphiQL on http://127.0.0.1:" in said[1]
    assert len(made) == 1
    assert contents(tmp_path) == []
    assert process.returncode == 0


def contents(folder: Path) -> list[Path]:
    """What is in it now."""
    return list(folder.iterdir())


async def check(file: Path) -> tuple[int | None, list[str]]:
    """Exit status and lines of `python app.py --check`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "app.py", "--check", "--config", str(file), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return process.returncode, told.decode().splitlines()


async def test_check_asks_each_source_and_prints_a_table(tmp_path: Path) -> None:
    async with Sandbox(runs_per_provider=60) as sandbox:
        status, lines = await check(sandbox.write_settings(tmp_path))

        assert status == 0
        assert lines[0].split()[:3] == ["SOURCE", "PROVIDER", "WORKFLOWS"]
        assert [line.split()[:2] for line in lines[1:]] == [
            [name, str(source["provider"])] for name, source in sandbox.sources.items()
        ]


async def test_check_tells_which_source_does_not_answer(tmp_path: Path) -> None:
    async with Sandbox(runs_per_provider=60) as sandbox:
        file = sandbox.write_settings(tmp_path)
        await sandbox.stop("informer")

        status, lines = await check(file)

        assert status == 1
        assert [line.split()[0] for line in lines if "UNREACHABLE" in line] == ["reports"]


async def test_wrong_credentials_are_told_as_such(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox:
        sandbox.sources["llm"]["api_token"] = "canary"  # a wrong one
        async with api_over(sandbox, tmp_path) as api:
            history = await api.history("complete sources { source status error { code httpStatus message } }")

            outcomes = {one["source"]: one for one in history["sources"]}
            refused = outcomes.pop("llm")
            assert (refused["status"], refused["error"]["code"]) == ("FAILED", "UNAUTHENTICATED")
            assert refused["error"]["httpStatus"] == 401
            assert "canary" not in refused["error"]["message"]
            assert {one["status"] for one in outcomes.values()} == {"OK"}


def settings_of_spaces(sandbox: Sandbox, folder: Path) -> str:
    """A table for the second door, as an operator would write it."""
    spaces = dict(sandbox.spaces_source)
    (folder / "spaces-token").write_text(str(spaces.pop("api_token")), encoding="utf-8")
    lines = [f"{name} = {json.dumps(value)}" for name, value in spaces.items()]
    return "\n".join(["[sources.spaces]", *lines, 'api_token = { file = "spaces-token" }', "", ""])


async def test_spaces_lists_the_same_runs_as_rest(tmp_path: Path) -> None:
    sandbox = Sandbox(limits=False, runs_per_provider=200)
    async with sandbox, api_over(sandbox, tmp_path, settings_of_spaces(sandbox, tmp_path)) as api:
        wanted = {
            "workflowIds": sandbox.spaces_source["workflow_ids"],
            "status": ["SUCCEEDED", "SUCCEEDED_WITH_WARNINGS", "FAILED", "DISCARDED"],
            "startedAt": {"from": "2026-01-01T00:00:00Z"},
        }
        fields = "nodes { nativeId status startedAt durationMs ... on BoomiExecution { message account } }"
        rest = await api.history(fields, input=wanted | {"sources": ["boomi-eu"]}, first=500)
        door = await api.history(fields, input=wanted | {"sources": ["spaces"]}, first=500)

        assert door["nodes"] == rest["nodes"]
        assert len(door["nodes"]) > 10
