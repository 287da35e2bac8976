"""Finding providers: the modules beside, and what installed packages bring, here as a package's files on the path."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.declaration import Provider
from connectors.registry import find_providers

MODULE = """
from connectors.contract import Capabilities, Paging
from connectors.declaration import Provider, SourceSettings
from schema.model import ExecutionStatus

class ToySettings(SourceSettings, frozen=True, kw_only=True):
    shelf: str = "top"

PROVIDER = Provider(
    name="{name}",
    title="Toy",
    settings=ToySettings,
    capabilities=Capabilities(paging=Paging.NONE, page_size=1, statuses=frozenset(ExecutionStatus)),
    connect=lambda name, settings, opener: None,
    sdl="extend enum ExecutionProvider {{ TOY }}",
)
NO_PROVIDER = object()
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package on the path as an installer would: its module, and its metadata with an entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def put(name: str = "toy", point: str = "installed_toy:PROVIDER", module: str = MODULE) -> None:
        (tmp_path / "installed_toy.py").write_text(module.format(name=name))
        info = tmp_path / "installed_toy-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-toy\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[histograph.connectors]\ntoy = {point}\n")

    yield put
    for added in set(sys.modules) - before:
        del sys.modules[added]


def test_the_five_are_found_by_their_modules() -> None:
    found = find_providers()
    assert found.keys() >= {"arcee", "boomi", "informer", "sailpoint", "yandex"}
    for name, provider in found.items():
        assert type(provider) is Provider
        assert provider.name == name


def test_what_a_package_brings_is_found_by_its_entry_point(install: Install) -> None:
    install()

    toy = find_providers()["toy"]

    assert (toy.title, toy.settings.__name__) == ("Toy", "ToySettings")
    assert toy.sdl == "extend enum ExecutionProvider { TOY }"
    assert find_providers().keys() >= {"arcee", "toy"}


def test_a_name_that_is_taken_is_told(install: Install) -> None:
    install(name="boomi")

    with pytest.raises(ValueError, match="two providers share a name"):
        find_providers()


def test_an_entry_point_that_leads_elsewhere_is_told(install: Install) -> None:
    install(point="installed_toy:NO_PROVIDER")

    with pytest.raises(ValueError, match=r"the entry point 'toy' of histograph\.connectors is not a Provider"):
        find_providers()
