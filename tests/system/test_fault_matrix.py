"""The whole matrix, each fault at each source, over real sockets: never a wrong list, never a silently short one.

What comes is held against the table of `fault_matrix`, by source, in one run of all its faults. Time is that of an
`IdleLoop`, so that all bounds and waits are those of operation.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app import build_schema
from connectors.registry import find_providers
from sandbox import FAULTS, PROVIDERS
from tests.system.canaries import credentials, logs, secrets, told_in
from tests.system.fault_cells import Cell, Row, bench, is_invisible
from tests.system.fault_matrix import EXCEPTIONS, MATRIX, Rows, expected, sent
from tests.system.idle import run_idle

PLAIN = [name for name, fault in FAULTS.items() if fault.kind not in ("paging", "tls")]
PAGING = [name for name, fault in FAULTS.items() if fault.kind == "paging"]
TLS = [name for name, fault in FAULTS.items() if fault.kind == "tls"]
OF_STEPS = ["hang", "cut-without-length", "404", "500", "token-expired", "empty-200", "truncated-json"] + [
    name for name, fault in FAULTS.items() if "one record" in fault.description.lower()
]
ODD_BUT_TRUE = {"unknown-enum", "missing-required"}
"What the provider says of a step then is another thing, and is shown as it says it."
UNHARMED = {("token-expired", "boomi")}
"Where a fault strikes after the last call."


@dataclass
class Findings:
    """All that came of the faults of one source."""

    provider: str
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    "By fault, and by whether anything was known before."
    truth: dict[str, tuple[Sequence[Row], Sequence[Row]]] = field(default_factory=dict)
    "By fault: the rows of the source and of the others without it."
    steps: dict[str, Sequence[Row]] = field(default_factory=dict)
    "By fault of the calls for steps: all rows with theirs. Without one: under an empty name."
    said: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)


@pytest.fixture(scope="module", params=sorted(PROVIDERS))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    findings = Findings(request.param)
    with logs(findings.logged):
        run_idle(find(findings, tmp_path_factory.mktemp("settings")))
    return findings


async def find(findings: Findings, folder: Path) -> None:
    """Has the source suffer from everything there is, cold and warm."""
    schema = build_schema(find_providers())
    for faults in (PLAIN, PAGING, TLS):
        async with bench(findings.provider, folder, schema, tls=faults is TLS, long=faults is PAGING) as one:
            rows = await one.truth()
            own = [row for row in rows if row["source"] == one.source]
            others = [row for row in rows if row["source"] != one.source]
            assert own, "there is something to lose"
            for fault in faults:
                findings.truth[fault] = own, others
                findings.cells[fault, "cold"] = await one.cold(fault)
                findings.cells[fault, "warm"] = await one.warm(fault)
                findings.secrets |= credentials(one.sandbox)
            if faults is PLAIN:
                findings.steps = {"": await one.with_steps()} | {name: await one.with_steps(name) for name in OF_STEPS}
            findings.said += one.said
            findings.secrets |= secrets(one.sandbox)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"


def test_the_table_has_a_row_for_each_fault_there_is() -> None:
    assert MATRIX.keys() == FAULTS.keys()
    assert {(fault, provider) for fault, provider in EXCEPTIONS} <= {(f, p) for f in FAULTS for p in PROVIDERS}


def test_each_fault_gives_what_the_table_says(found: Findings) -> None:
    """Status, code, whether what was known before stands in, and how many calls were sent."""
    wanted, got = {}, {}
    for (fault, known), cell in found.cells.items():
        row = expected(fault, found.provider)
        status, _ = row.answer.cold if known == "cold" else row.answer.warm
        is_stale = row.answer.is_stale and known == "warm"
        calls = sent(row.cold_calls if known == "cold" else row.warm_calls, found.provider)
        wanted[fault, known] = (status, row.code, is_stale, calls)
        got[fault, known] = (cell.status, cell.code, cell.is_stale, cell.calls)

    assert got == wanted


def test_each_fault_has_struck(found: Findings) -> None:
    struck = {fault for (fault, _), cell in found.cells.items() if cell.hits}
    unseen = {fault for fault in FAULTS if is_invisible(FAULTS[fault]) or (fault, found.provider) in UNHARMED}

    assert struck == FAULTS.keys() - unseen


def test_the_four_others_answer_as_without_it(found: Findings) -> None:
    """But for a page that ends early for lack of word from this source: then with the first of their rows."""
    for (fault, known), cell in found.cells.items():
        _, others = found.truth[fault]
        if cell.has_next_page and not cell.is_complete:
            assert cell.others == others[: len(cell.others)], (fault, known)
        else:
            assert cell.others == others, (fault, known)


def test_no_list_is_wrong_or_silently_short(found: Findings) -> None:
    for (fault, known), cell in found.cells.items():
        place, (truth, _) = (fault, known), found.truth[fault]
        answer = expected(fault, found.provider).answer
        _, rows = answer.cold if known == "cold" else answer.warm
        assert cell.is_complete == (cell.status == "OK") == (rows in (Rows.ALL, Rows.AND_MORE) and not cell.is_stale), (
            place
        )
        match rows:
            case Rows.AND_MORE:
                assert cell.rows[: len(truth)] == truth, place
                assert cell.has_next_page, place
            case Rows.BUT_ONE:
                (lost,) = cell.spoiled
                assert cell.rows == [row for row in truth if row["nativeId"] != lost], place
                assert lost in cell.message or "one without an id" in cell.message, place
            case Rows.ALL:
                odd = cell.spoiled if fault == "unknown-enum" else ()
                assert cell.rows == [told(row, found.provider) if row["nativeId"] in odd else row for row in truth], (
                    place
                )
            case Rows.SOME:
                assert cell.rows == [row for row in truth if row in cell.rows], place
                assert 0 < len(cell.rows) < len(truth), place
            case Rows.NONE:
                assert cell.rows == [], place


def told(row: Row, provider: str) -> Row:
    """A row whose state is a word that nobody knows. Where the state alone tells whether a run is over, so is that."""
    is_over = provider not in ("boomi", "yandex")
    return {**row, "status": "UNKNOWN"} | ({} if is_over else {"endedAt": None, "durationMs": None})


def test_no_steps_are_wrong_or_silently_fewer(found: Findings) -> None:
    """And a run is none the worse for what befalls its steps."""
    assert len(OF_STEPS) > 15
    truth = found.steps.pop("")
    for fault, rows in found.steps.items():
        for row, true in zip(rows, truth, strict=True):
            place = fault, row["id"]
            assert {**row, "steps": None} == {**true, "steps": None}, place
            if row["steps"]["complete"]:
                assert row["steps"]["totalCount"] == len(row["steps"]["nodes"]), place
                assert row["steps"]["error"] is None, place
                if fault not in ODD_BUT_TRUE:
                    assert row["steps"] == true["steps"], place
            else:
                assert row["steps"]["error"] is not None, place
                assert row["steps"]["totalCount"] is None, place
                names = [step["name"] for step in true["steps"]["nodes"]]
                assert {step["name"] for step in row["steps"]["nodes"]} <= {*names, "model"}, place


def test_no_secret_is_told_anywhere(found: Findings) -> None:
    """Not in answers, errors, logs, keys of caches, nor by connectors that show themselves."""
    assert len(found.secrets) >= 10
    assert len(found.logged) > 500
    assert told_in([*found.said, *found.logged], found.secrets) == []
