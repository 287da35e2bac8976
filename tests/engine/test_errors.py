"""The table of codes is the one place where codes are made."""

import ast
from pathlib import Path

import pytest

from engine.errors import ErrorCode

ROOT = Path(__file__).parents[2]
FILES = sorted(file for floor in ("engine", "resolvers", "serving") for file in (ROOT / floor).glob("*.py"))


def codes_in(file: Path) -> set[str]:
    """Texts that the code gives as an error's code: under `"code"`, or as a CallerError's second argument."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found |= {text(value) for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code"}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "CallerError":
            found.add(text(node.args[1]))
    return found - {""}


def text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_every_code_that_is_given_stands_in_the_table(file: Path) -> None:
    assert codes_in(file) <= set(ErrorCode)


def test_every_code_of_the_table_is_given_somewhere() -> None:
    table = ROOT / "engine" / "errors.py"
    sources = "\n".join(file.read_text(encoding="utf-8") for file in FILES if file != table)

    assert [code for code in ErrorCode if code not in sources] == []


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_says_what_it_means_and_which_status_it_brings(code: ErrorCode) -> None:
    assert code == code.name
    assert code.meaning.endswith(".")
    assert code.status in {0, 200, *range(400, 501)}
    assert (code.status_2026 == 0) is (code.status == 0)
