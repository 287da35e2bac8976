"""Faults by hand: what a command line may say, and what it is told when it says something else."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from sandbox import FAULTS, FaultError
from sandbox.__main__ import main
from sandbox.faults import Target, parse_order, read_order
from sandbox.faults.targets import ALL, target_of

ROOT = Path(__file__).parents[2]


def test_an_order_is_read() -> None:
    provider, order = parse_order("yandex=429-seconds:seconds=2,every=3,only=/execution")
    assert (provider, order.fault.name, order.parameters) == ("yandex", "429-seconds", {"seconds": 2.0})
    assert (order.scope.every, order.scope.only, order.scope.of) == (3, "/execution", ALL)


def test_a_value_may_hold_the_signs_of_an_order() -> None:
    _, order = parse_order("arcee=redirect-302:to=http://example.com:81/?a=b")
    assert order.parameters == {"to": "http://example.com:81/?a=b"}


def test_the_calls_may_be_told_by_what_they_ask_for() -> None:
    scope = read_order("500", {"of": "steps+tokens"}).scope
    assert scope.of == {Target.STEPS, Target.TOKENS}


WRONG = {
    "boomi": "not PROVIDER=FAULT",
    "=hang": "not PROVIDER=FAULT",
    "boomi=hangs": "did you mean 'hang'",
    "boomi=": "there is no fault",
    "bomi=hang": "there is no provider 'bomi'",
    "boomi=slow-drip:seconds": "not NAME=VALUE",
    "boomi=slow-drip:second=1": "did you mean 'seconds'",
    "boomi=slow-drip:seconds=x": "not a number",
    "boomi=slow-drip:seconds=nan": "less than 0",
    "boomi=slow-drip:seconds=-1": "less than 0",
    "boomi=500:every=0": "less than 1",
    "boomi=500:first=1.5": "not a whole number",
    "boomi=500:of=stairs": "of=stairs is none of",
    "boomi=refuse:first=2": "refuse has no parameter 'first'; it has none",
}


@pytest.mark.parametrize("text", WRONG)
def test_an_order_that_cannot_be_read_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", text])
    assert ended.value.code == 2
    assert WRONG[text] in capsys.readouterr().err


def test_one_fault_a_provider(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fault", "boomi=hang", "--fault", "boomi=500"])
    assert ended.value.code == 2
    assert "boomi has hang already" in capsys.readouterr().err


def test_a_number_of_another_type_is_refused() -> None:
    with pytest.raises(FaultError, match="not a whole number"):
        read_order("500", {"first": True})


def test_the_list_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-faults"]) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()[: len(FAULTS)]] == list(FAULTS)
    assert "slow-drip" in told
    assert "[seconds=0.2, size=1]" in told


PATHS = {
    ("boomi", "/api/rest/v1/a/ExecutionRecord/queryMore"): "executions",
    ("boomi", "/api/rest/v1/a/ExecutionConnector/query"): "steps",
    ("boomi", "/api/rest/v1/a/Process/query"): "workflows",
    ("boomi", "/auth/jwt/generate/a"): "tokens",
    ("boomi", "/graphql"): "executions",
    ("yandex", "/workflows/v1/execution"): "executions",
    ("yandex", "/workflows/v1/execution/e"): "execution",
    ("yandex", "/workflows/v1/execution/e/history"): "steps",
    ("yandex", "/workflows/v1/execution/e/stop"): "other",
    ("yandex", "/workflows/v1/workflow"): "workflows",
    ("yandex", "/iam/v1/tokens"): "tokens",
    ("arcee", "/api/v1/workflow/workflows"): "workflows",
    ("arcee", "/api/v1/workflow/workflows/w/runs"): "executions",
    ("arcee", "/api/v1/workflow/workflows/w/runs/r"): "execution",
    ("arcee", "/api/v1/workflow/workflows/w/runs/r/steps"): "steps",
    ("informer", "/api/jobs"): "workflows",
    ("informer", "/api/jobs-list"): "workflows",
    ("informer", "/api/jobs/w"): "workflows",
    ("informer", "/api/jobs/w/history"): "executions",
    ("informer", "/api/jobs/w/history/r"): "execution",
    ("sailpoint", "/oauth/token"): "tokens",
    ("sailpoint", "/v2025/workflows"): "workflows",
    ("sailpoint", "/v2025/workflows/w"): "workflows",
    ("sailpoint", "/v2025/workflows/w/executions"): "executions",
    ("sailpoint", "/v2025/workflow-executions/r"): "execution",
    ("sailpoint", "/v2025/workflow-executions/r/history"): "steps",
    ("sailpoint", "/v2025/workflow-executions/r/history-v2"): "steps",
    ("sailpoint", "/workflows/v1/w/executions"): "executions",
    ("sailpoint", "/workflow-executions/v1/r"): "execution",
    ("sailpoint", "/workflow-executions/v1/r/history"): "steps",
}


@pytest.mark.parametrize(("provider", "path"), PATHS)
def test_what_a_call_is_for_is_told_from_its_path(provider: str, path: str) -> None:
    assert target_of(provider, path) == PATHS[provider, path]


async def test_by_hand_a_provider_suffers_and_the_others_do_not() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--fault", "arcee=503", "--fault", "boomi=plain-on-tls"]
    pipe, environment = asyncio.subprocess.PIPE, os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=pipe, stderr=pipe)
    assert process.stdout
    assert process.stderr
    urls, told = {}, ""
    while (line := (await process.stdout.readline()).decode()) != "sandbox ready\n":
        told += line
        if len(words := line.split(maxsplit=3)) > 2 and words[2].startswith("http"):
            urls[words[1]] = words[2]
    async with aiohttp.ClientSession() as session:
        statuses = {}
        for provider in ("arcee", "informer"):
            async with session.get(urls[provider]) as response:
                statuses[provider] = response.status
        with pytest.raises(aiohttp.ClientConnectorSSLError):
            await session.get(urls["boomi"])
    process.send_signal(signal.SIGINT)
    errors = await process.stderr.read()

    assert (await process.wait(), errors) == (0, b"")
    assert statuses == {"arcee": 503, "informer": 404}
    assert urls["boomi"].startswith("https://")
    assert "503: Too busy" in " ".join(told.split())
    assert "SSL_CERT_FILE=" in told
