"""The house's one rule, read from the code itself: imports point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("schema", "connectors", "resolvers", "engine", "serving", "sandbox")
MODULES = sorted(file for floor in FLOORS for file in (ROOT / floor).rglob("*.py") if "node_modules" not in file.parts)

MAY_IMPORT = {
    "schema": {"schema"},
    "connectors": {"connectors", "schema"},
    "resolvers": {"resolvers", "connectors.contract", "connectors.errors", "connectors.listed", "schema"},
    "engine": {"engine"},
    "serving": {"serving", "engine", "resolvers", "connectors.contract", "connectors.errors", "schema"},
    "sandbox": {"sandbox"},
}
NEVER = {
    "schema": {"graphql", "ariadne", "aiohttp", "starlette"},
    "connectors": {"graphql", "ariadne", "starlette"},
    "resolvers": {"aiohttp", "starlette"},
    "engine": {"aiohttp", "starlette"},
}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)} imports relatively: name the module"
            found.add(node.module or "")
    return found


def is_below(module: str, parents: set[str]) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_module_imports_only_what_lies_below_it(file: Path) -> None:
    floor = file.relative_to(ROOT).parts[0]
    ours = {module for module in imports_of(file) if module.partition(".")[0] in {*FLOORS, "app", "settings", "tests"}}

    wrong = {module for module in ours if not is_below(module, MAY_IMPORT[floor])}
    assert not wrong, f"{name_of(file)} must not import {sorted(wrong)}"


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_a_floor_keeps_away_from_libraries_of_others(file: Path) -> None:
    floor = file.relative_to(ROOT).parts[0]

    wrong = {module for module in imports_of(file) if is_below(module, NEVER.get(floor, set()))}
    if name_of(file) == "connectors.http.transport":
        wrong -= {module for module in wrong if is_below(module, {"aiohttp"})}
    assert not wrong, f"{name_of(file)} must not import {sorted(wrong)}"


@pytest.mark.parametrize("file", [file for file in MODULES if "connectors" in file.parts], ids=name_of)
def test_only_the_transport_knows_the_http_library(file: Path) -> None:
    knows = is_below("aiohttp", {module.partition(".")[0] for module in imports_of(file)})

    assert knows == (name_of(file) == "connectors.http.transport")


PROVIDERS = ROOT / "connectors" / "providers"


@pytest.mark.parametrize("file", sorted(PROVIDERS.rglob("*.py")), ids=name_of)
def test_providers_do_not_import_each_other(file: Path) -> None:
    own = name_of(file).split(".")[2:3]

    others = {
        module
        for module in imports_of(file)
        if module.startswith("connectors.providers.") and module.split(".")[2:3] != own
    }
    assert not others, f"{name_of(file)} must not import {sorted(others)}"


def test_resolvers_and_the_engine_name_no_provider() -> None:
    names = {file.stem for file in PROVIDERS.iterdir() if not file.name.startswith("_")}
    assert len(names) >= 5

    for file in MODULES:
        if file.relative_to(ROOT).parts[0] in {"resolvers", "engine"}:
            found = words_of(ast.parse(file.read_text(encoding="utf-8"))) & names
            assert not found, f"{name_of(file)} names {sorted(found)}"


def words_of(tree: ast.AST) -> set[str]:
    """Names, and texts used as words: docstrings may tell of providers."""
    names = {node.id.lower() for node in ast.walk(tree) if isinstance(node, ast.Name)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return names | {text.lower() for text in texts if " " not in text}
