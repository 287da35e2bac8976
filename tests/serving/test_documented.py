"""`docs/http.md` tells the codes and the limits that there are: its tables are made of the code's own.

`python -m tests.serving.test_documented` writes them anew.
"""

import ast
import inspect
from pathlib import Path

import pytest

from engine import limits
from engine.errors import ErrorCode
from engine.limits import Limits

PAGE = Path(__file__).parents[2] / "docs" / "http.md"


def codes() -> str:
    rows = [
        f"| `{code}` | {code.status or 200} | {code.status_2026 or '200, 294'} | {code.meaning} |" for code in ErrorCode
    ]
    return "\n".join(["| code | status | 2026-09 | means |", "| --- | --- | --- | --- |", *rows])


def table_of_limits() -> str:
    """Names and defaults, with what the class says of them."""
    (kind,) = (node for node in ast.parse(inspect.getsource(limits)).body if isinstance(node, ast.ClassDef))
    said: dict[str, str] = {}
    for node, following in zip(kind.body, [*kind.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            told = following.value if isinstance(following, ast.Expr) else None
            said[node.target.id] = str(told.value) if isinstance(told, ast.Constant) else ""
    rows = [f"| `{name}` | {getattr(Limits(), name):,} | {said[name]} |" for name in Limits.__struct_fields__]
    return "\n".join(["| `[limits]` | default | |", "| --- | ---: | --- |", *rows])


TABLES = {"codes": codes, "limits": table_of_limits}


def part(page: str, name: str) -> str:
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_table_as_the_code_has_it(name: str) -> None:
    wanted = "python -m tests.serving.test_documented"

    assert part(PAGE.read_text(encoding="utf-8"), name) == TABLES[name](), wanted


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        old, new = part(page, name), table()
        page = page.replace(f"<!-- {name} -->\n{old}\n<!-- /{name} -->", f"<!-- {name} -->\n{new}\n<!-- /{name} -->")
    PAGE.write_text(page, encoding="utf-8")
