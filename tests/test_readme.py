"""What the README shows is what there is: its query and answer, its settings, its table, its commands."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from connectors.caches import CacheSettings
from connectors.registry import find_providers
from settings import ServerSettings, read_settings
from tests.snapshots import README, fenced, part, provider_table, readme_answer

TEXT = README.read_text(encoding="utf-8")
SECRETS = ("BOOMI_API_TOKEN", "ARCEE_TOKEN", "INFORMER_TOKEN", "SAILPOINT_ID", "SAILPOINT_SECRET")


async def test_the_query_gives_the_answer_shown() -> None:
    assert await readme_answer(fenced(TEXT, "query")) == json.loads(fenced(TEXT, "answer")), "make snapshots"


def test_the_provider_table_is_what_connectors_declare() -> None:
    assert part(TEXT, "providers") == provider_table(), "make snapshots"


def test_the_settings_shown_are_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "canary")
    (tmp_path / "key.json").write_text('{"id": "k", "service_account_id": "s", "private_key": "p"}', encoding="utf-8")
    file = tmp_path / "histograph.toml"
    file.write_text(fenced(TEXT, "settings"), encoding="utf-8")

    settings = read_settings(file, find_providers())

    assert {source.provider for source in settings.sources.values()} == find_providers().keys()
    assert (settings.server, settings.cache) == (ServerSettings(), CacheSettings())


def test_every_setting_there_is_is_shown() -> None:
    settings = fenced(TEXT, "settings")
    table = tomllib.loads(settings)["server"]
    commented = set(re.findall(r"^# (\w+) =", settings, flags=re.MULTILINE))
    assert set(ServerSettings.__struct_fields__) == {*table, *(commented & set(ServerSettings.__struct_fields__))}
    for provider in find_providers().values():
        missing = [
            name for name in provider.settings.__struct_fields__ if f"`{name}`" not in TEXT and name not in settings
        ]
        assert not missing, f"{provider.name}: the README does not name {missing}"


def test_every_command_shown_is_a_target() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")

    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, flags=re.MULTILINE)) <= targets
