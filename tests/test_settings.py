"""The settings file: what is wrong is told in a line each, with its place, and never with a secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.registry import find_providers
from settings import SettingsError, read_settings

ROOT = Path(__file__).parent.parent
PROVIDERS = find_providers()
GOOD = """\
[server]
port = 8001

[sources.llm]
provider = "arcee"
base_url = "https://orchestra.example.com/api"
api_token = { file = "token" }
"""


def problems(folder: Path, text: str) -> list[str]:
    """What is told of a file, without the folder's name."""
    (folder / "token").write_text("canary-token\n", encoding="utf-8")
    file = folder / "histograph.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_settings(file, PROVIDERS)
    assert "canary" not in str(caught.value)
    return [line.replace(f"{folder}{os.sep}", "") for line in caught.value.problems]


def test_a_good_file_is_read_with_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-token\n", encoding="utf-8")
    (tmp_path / "histograph.toml").write_text(GOOD, encoding="utf-8")

    settings = read_settings(tmp_path / "histograph.toml", PROVIDERS)

    source = settings.sources["llm"]
    assert (settings.server.port, source.provider) == (8001, "arcee")
    assert source.api_token.reveal() == "canary-token"  # type: ignore[attr-defined]  # an Arcee source has one
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"arcee"', '"arceus"', "histograph.toml:5: [sources.llm] unknown provider 'arceus': there are arcee, "),
        ('provider = "arcee"\n', "", "histograph.toml:4: [sources.llm] provider is missing"),
        ('{ file = "token" }', '"t0k3n"', "histograph.toml:7: [sources.llm] api_token: a secret is given as { env"),
        ('{ file = "token" }', '{ file = "nowhere" }', ":7: [sources.llm] api_token: the file nowhere cannot be read"),
        ('{ file = "token" }', '{ env = "UNSET" }', ":7: [sources.llm] api_token: the environment variable UNSET is"),
        ('api_token = { file = "token" }\n', "", ":4: [sources.llm] missing setting `api_token`"),
        ("https://", "http://", ":6: [sources.llm] base_url has to be https: plain http is for loopback hosts only"),
        ("https://", "ftp://", ":6: [sources.llm] base_url has to be an https address"),
        ("https://", "https://me:pw@", ":6: [sources.llm] base_url must hold no user, query or fragment"),
        ("8001", "99999", ":1: [server] port has to be between 0 and 65535"),
        ("8001", '"8001"', ":2: [server] port: Expected `int`, got `str`"),
        ("port =", "prot =", ":2: [server] unknown setting `prot`"),
        ("base_url", "timeout_seconds = 0\nbase_url", ":6: [sources.llm] timeout_seconds has to be above 0"),
        ("[server]", "[servers]", "unknown table [servers]"),
        ("sources.llm", 'sources."a b"', "cannot be a source's name"),
        ("[server]", "[server", "not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(told in line for line in problems(tmp_path, GOOD.replace(old, new)))


def test_every_wrong_table_is_told_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, "[server]\nprot = 1\n[sources.a]\nprovider = 'x'\n[sources.b]\nbase_url = 'y'\n")

    assert [line.partition(": ")[0] for line in told] == ["histograph.toml:2", "histograph.toml:4", "histograph.toml:5"]


def test_a_file_without_sources_is_no_file(tmp_path: Path) -> None:
    assert problems(tmp_path, "[server]\n") == [
        "histograph.toml: [sources] no source is configured: there has to be a [sources.<name>] table"
    ]


@pytest.mark.parametrize(
    ("provider", "further", "told"),
    [
        ("yandex", 'folder_id = "f"', "one of service_account_key, oauth_token and iam_token is needed"),
        ("yandex", 'iam_token = { file = "token" }', "folder_id is needed, or workflow_ids"),
        ("yandex", 'folder_id = "f"\nservice_account_key = { file = "token" }', "not the JSON of an authorised key"),
        (
            "boomi",
            'account_id = "a"\nusername = "u"\napi_token = { file = "token" }\nmode = "spaces"',
            'mode = "spaces" needs space_guid and workflow_ids',
        ),
    ],
)
def test_what_only_a_provider_knows_is_checked_too(tmp_path: Path, provider: str, further: str, told: str) -> None:
    lines = problems(tmp_path, f'[sources.one]\nprovider = "{provider}"\nbase_url = "https://h.example"\n{further}\n')

    assert any(told in line for line in lines)


@given(text=st.text(max_size=200) | st.text('[]sources.="{} \n#ab1', max_size=60))
def test_any_text_ends_in_problems_of_a_line_each(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        read_settings(file, PROVIDERS)

    assert caught.value.problems


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python app.py` to its end."""
    base = {name: value for name, value in os.environ.items() if name != "HISTOGRAPH_CONFIG"}
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, env=base | (environment or {}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[server\n", "not TOML"),
        ('[sources.a]\nprovider = "nope"\n', "unknown provider 'nope'"),
        (GOOD.replace("file", "env").replace('"token"', '"NOT_SET"'), "NOT_SET is not set"),
        (GOOD.replace("https", "http"), "plain http is for loopback hosts only"),
    ],
)
def test_the_start_stops_with_status_2_and_a_line_each(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "token").write_text("canary", encoding="utf-8")
    file = tmp_path / "histograph.toml"
    file.write_text(text, encoding="utf-8")

    done = run("--config", str(file))

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    done = run("--config", "nowhere.toml")

    assert (done.returncode, done.stderr) == (2, "nowhere.toml: No such file or directory\n")


def test_help_tells_where_settings_come_from() -> None:
    done = run("--help")

    assert done.returncode == 0
    assert "HISTOGRAPH_CONFIG" in done.stdout
