"""One table for the terminal and for the document."""

from pathlib import Path

import pytest

from bench.__main__ import USUAL
from bench.document import PERFORMANCE, write
from bench.table import Table

TABLE = Table("Warm", ("server", "requests/s"), [("ours", "1,200"), ("theirs", "40")], ["A note."])


def test_names_stand_left_and_figures_right() -> None:
    lines = TABLE.as_text().splitlines()

    assert lines[2:] == [
        "server  requests/s",
        "------  ----------",
        "ours         1,200",
        "theirs          40",
        "  A note.",
    ]


def test_the_same_stands_in_a_document() -> None:
    assert TABLE.as_markdown().splitlines()[2:6] == [
        "| server | requests/s |",
        "| --- | ---: |",
        "| ours | 1,200 |",
        "| theirs | 40 |",
    ]


def test_a_run_puts_its_tables_between_the_markers_of_its_part(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- bench:warm -->\nold\n<!-- /bench:warm -->\nb\n")

    write("warm", r"new \1", page)
    write("warm", "newer", page)

    assert page.read_text() == "a\n<!-- bench:warm -->\nnewer\n<!-- /bench:warm -->\nb\n"


def test_a_document_without_the_place_is_not_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")

    with pytest.raises(ValueError, match="no place for 'cold'"):
        write("cold", "text", page)


@pytest.mark.parametrize("part", ["machine", *USUAL])
def test_the_document_has_a_place_for_every_part(part: str) -> None:
    assert f"<!-- bench:{part} -->\n" in PERFORMANCE.read_text(encoding="utf-8")
