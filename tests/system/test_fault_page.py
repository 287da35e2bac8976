"""`docs/faults.md` shows the table that the service is held to.

`python -m tests.system.test_fault_page` writes it anew.
"""

from pathlib import Path

from sandbox import FAULTS, PROVIDERS
from sandbox.faults import Kind
from tests.snapshots import part, with_part
from tests.system.fault_matrix import EXCEPTIONS, MATRIX, Calls, Cell

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = [
    "| fault | what the provider does | asked for the first time | asked again | calls |",
    "| --- | --- | --- | --- | --- |",
]


def table() -> str:
    """A row for each fault, in the order of the sandbox; below it where a source differs."""
    rows = [f"| `{name}` | {FAULTS[name].description} | {_told(MATRIX[name])} |" for name in FAULTS]
    return "\n".join([*HEAD, *rows]) + "\n"


def differences() -> str:
    """Where one source differs."""
    head = ["| fault | at | asked for the first time | asked again | calls | why |", f"|{' --- |' * 6}"]
    places = sorted(EXCEPTIONS, key=lambda place: (list(FAULTS).index(place[0]), list(PROVIDERS).index(place[1])))
    rows = [
        f"| `{place[0]}` | {place[1]} | {_told(EXCEPTIONS[place][0])} | {EXCEPTIONS[place][1]} |" for place in places
    ]
    return "\n".join([*head, *rows]) + "\n"


def _told(cell: Cell) -> str:
    return f"{_answer(cell, is_warm=False)} | {_answer(cell, is_warm=True)} | {_calls(cell)}"


def _answer(cell: Cell, *, is_warm: bool) -> str:
    status, rows = cell.answer.warm if is_warm else cell.answer.cold
    shown = "all of before" if is_warm and cell.answer.is_stale else rows.value
    return f"{status}{f' `{cell.code.value}`' if cell.code else ''}: {shown}"


def _calls(cell: Cell) -> str:
    return " and ".join(dict.fromkeys(_number(calls) for calls in (cell.cold_calls, cell.warm_calls)))


def _number(calls: Calls) -> str:
    return str(calls.to_many) if calls.to_one_list == calls.to_many else f"{calls.to_many} ({calls.to_one_list})"


def written(page: str) -> str:
    """The page with its tables as of now."""
    return with_part(with_part(page, "faults", table()), "differences", differences())


def test_the_page_shows_what_the_service_is_held_to() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == written(page), "make snapshots"
    assert len(part(page, "faults").splitlines()) == len(HEAD) + len(FAULTS)
    assert {kind for kind in Kind if f"**{kind.value}**" in page} == set(Kind)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
