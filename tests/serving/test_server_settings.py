"""The settings of the server that this folder's tests rely on, as an operator writes them."""

from pathlib import Path

import pytest

from connectors.registry import find_providers
from engine.documents import sha256_of
from engine.limits import Limits
from serving.editions import Edition
from serving.trusted import Trust
from settings import Settings, SettingsError, read_settings

SOURCE = '[sources.llm]\nprovider = "arcee"\nbase_url = "https://example.com"\napi_token = { file = "token" }\n'


def read(folder: Path, text: str) -> Settings:
    (folder / "token").write_text("t", encoding="utf-8")
    (folder / "documents.json").write_text(f'{{"{sha256_of("{ a }")}": "{{ a }}"}}', encoding="utf-8")
    (folder / "wrong.json").write_text('{"0": "{ a }"}', encoding="utf-8")
    (folder / "histograph.toml").write_text(text + SOURCE, encoding="utf-8")
    return read_settings(folder / "histograph.toml", find_providers())


def test_without_settings_all_is_as_documented(tmp_path: Path) -> None:
    settings = read(tmp_path, "")

    assert settings.limits == Limits()
    assert settings.server.http_edition is Edition.DRAFTS
    assert settings.server.trusted_documents is None


def test_what_is_set_is_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        '[server]\nhttp_edition = "2026-09"\ntrusted_documents = { file = "documents.json", mode = "log" }\n'
        "[limits]\ndepth = 12\nbody_seconds = 2.5\n",
    )

    assert settings.server.http_edition is Edition.SEPTEMBER_2026
    assert (settings.limits.depth, settings.limits.body_seconds, settings.limits.tokens) == (12, 2.5, Limits().tokens)
    trusted = settings.server.trusted_documents
    assert trusted is not None
    assert trusted.mode is Trust.LOG
    assert trusted.file.documents == {sha256_of("{ a }"): "{ a }"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[server]\nhttp_edition = "2025"\n', "histograph.toml:2: [server] http_edition: Invalid enum value '2025'"),
        ('[server]\ntrusted_documents = { file = "none.json" }\n', "the file none.json cannot be read"),
        ('[server]\ntrusted_documents = { file = "wrong.json" }\n', "which is not its sha256"),
        ("[server]\ntrusted_documents = { file = 1 }\n", "has to be a path"),
        ("[limits]\nheight = 3\n", "histograph.toml:2: [limits] unknown setting `height`"),
        ("[limits]\ndepth = 0\n", "histograph.toml:1: [limits] depth has to be above 0"),
        ("[limits]\nfirst = 501\n", "first can be 500 at the most"),
        ("[limits]\ndepth = true\n", "histograph.toml:2: [limits] depth: Expected `int`, got `bool`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)

    assert told in str(caught.value)
