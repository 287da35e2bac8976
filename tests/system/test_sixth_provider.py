"""A provider from another package: installed, configured, and in the list, with no file of ours touched."""

from pathlib import Path

import pytest

from connectors.registry import find_providers
from sandbox import Sandbox
from tests.system.serving_api import api_over

TOY = Path(__file__).parent / "toy"
RUNS = """\
sweeping run-1 2126-01-01T08:00:00.000000001Z 2126-01-01T08:00:02.5Z done
sweeping run-2 2126-01-01T09:00:00Z 2126-01-01T09:00:00.25Z broken
"""


def install(folder: Path) -> None:
    """What an installer leaves: the module, and the metadata that names its entry point."""
    (folder / "histograph_toy.py").write_text((TOY / "histograph_toy.py").read_text(encoding="utf-8"), encoding="utf-8")
    metadata = folder / "histograph_toy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: histograph-toy\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(
        "[histograph.connectors]\ntoy = histograph_toy:PROVIDER\n", encoding="utf-8"
    )


async def test_a_sixth_provider_joins_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "runs.txt").write_text(RUNS, encoding="utf-8")
    toy = f'[sources.toys]\nprovider = "toy"\nfile = "{(tmp_path / "runs.txt").as_posix()}"\n\n'
    providers = find_providers()

    async with (
        Sandbox(limits=False, runs_per_provider=60) as sandbox,
        api_over(sandbox, tmp_path, toy, providers) as api,
    ):
        history = await api.history(
            """nodes { __typename provider source nativeId status durationMs workflow { name }
               steps { nodes { name status } } ... on ToyExecution { lineNumber } }
            sources { source provider status } complete""",
            first=3,
        )

    latest, earlier, other = history["nodes"]
    assert (latest["__typename"], latest["provider"], latest["source"]) == ("ToyExecution", "TOY", "toys")
    assert (latest["nativeId"], latest["status"], latest["durationMs"]) == ("run-2", "FAILED", 250)
    assert (earlier["nativeId"], earlier["durationMs"], earlier["lineNumber"]) == ("run-1", 2499.999999, 1)
    assert earlier["workflow"] == {"name": "sweeping"}
    assert latest["steps"]["nodes"] == [{"name": "the step", "status": "FAILED"}]
    assert other["provider"] != "TOY"
    assert history["complete"] is True
    assert {"source": "toys", "provider": "TOY", "status": "OK"} in history["sources"]
