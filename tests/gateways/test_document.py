"""`docs/gateways.md` shows the files that the tests run, and the versions that they run with.

`python -m tests.gateways.test_document` writes them anew.
"""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "gateways.md"
FILES = {"neighbour.graphql": "graphql", "apollo.mjs": "js", "hive.config.mjs": "js", "stitch.mjs": "js"}


def shown(name: str) -> str:
    """What stands between the marks of that name."""
    if name in FILES:
        return f"```{FILES[name]}\n{(HERE / name).read_text(encoding='utf-8')}```\n"
    packages = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    rows = "".join(f"| `{package}` | {version} |\n" for package, version in packages.items())
    return f"| works with | as of |\n| --- | --- |\n{rows}"


def part(page: str, name: str) -> str:
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


@pytest.mark.parametrize("name", [*FILES, "versions"])
def test_the_page_shows_what_the_tests_run(name: str) -> None:
    assert part(PAGE.read_text(encoding="utf-8"), name) == shown(name), "python -m tests.gateways.test_document"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    for name in [*FILES, "versions"]:
        old, new = (f"<!-- {name} -->\n{text}<!-- /{name} -->" for text in (part(page, name), shown(name)))
        page = page.replace(old, new)
    PAGE.write_text(page, encoding="utf-8")
