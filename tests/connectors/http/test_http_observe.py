"""Calls counted for the query that caused them, and logged without what they carry."""

import logging
from collections import Counter

import pytest
import structlog
from structlog.testing import LogCapture, capture_logs

from connectors.contract import tally
from connectors.errors import TimedOutError
from connectors.http.client import Request
from connectors.http.observe import Ledger, Observed
from tests.connectors.replay import Replay, answer

REQUEST = Request(
    path="/runs/run-1", params=(("token", "secret"),), headers=(("Authorization", "secret"),), body=b"secret"
)


async def test_a_call_counts_for_its_source_whether_it_succeeds_or_not() -> None:
    counts = Counter[str]()
    token = tally.set(counts)
    http = Replay(answer({}), answer({}, 500), TimedOutError("no answer"))
    try:
        await Observed(http, "llm").send(REQUEST)
        await Observed(http, "llm").send(REQUEST)
        with pytest.raises(TimedOutError):
            await Observed(http, "flows").send(REQUEST)
    finally:
        tally.reset(token)

    assert counts == {"llm": 2, "flows": 1}


async def test_a_call_outside_of_any_query_counts_for_nobody() -> None:
    assert tally.get() is None
    assert (await Observed(Replay(answer({})), "llm").send(REQUEST)).status == 200


async def test_a_log_tells_which_call_how_long_and_how_it_ended_and_no_more() -> None:
    times = iter([10.0, 10.25, 20.0, 20.5])
    observed = Observed(Replay(answer({}, 404), TimedOutError("no answer")), "llm", clock=lambda: next(times))

    with capture_logs() as logs:
        await observed.send(REQUEST)
        with pytest.raises(TimedOutError):
            await observed.send(REQUEST)

    first, second = logs
    assert {name: first[name] for name in ("event", "source", "method", "path", "outcome", "ms")} == {
        "event": "call", "source": "llm", "method": "GET", "path": "/runs/run-1", "outcome": 404, "ms": 250.0
    }  # fmt: skip
    assert (second["outcome"], second["ms"]) == ("TIMEOUT", 500.0)
    assert "secret" not in repr(logs)


@pytest.mark.parametrize(("level", "lines"), [(logging.DEBUG, 2), (logging.INFO, 0)])
async def test_calls_are_told_where_such_lines_are_wanted_and_counted_anyhow(level: int, lines: int) -> None:
    told, ledger = LogCapture(), Ledger()
    wanted = structlog.make_filtering_bound_logger(level)
    log = structlog.wrap_logger(None, processors=[told], wrapper_class=wanted).bind()
    observed = Observed(Replay(answer({}), TimedOutError("no answer")), "llm", ledger=ledger, log=log)

    await observed.send(REQUEST)
    with pytest.raises(TimedOutError):
        await observed.send(REQUEST)

    assert len(told.entries) == lines
    assert ledger.outcomes == {"200": 1, "TIMEOUT": 1}


# notices


async def test_a_notice_of_deprecation_is_logged_once_for_a_source() -> None:
    notice = {"deprecation": "@1767225600", "sunset": "Wed, 01 Jul 2026 00:00:00 GMT", "x-other": "x"}
    ledger = Ledger()
    clients = [Observed(Replay(lambda _: answer({}, 200, notice)), "identity", ledger=ledger) for _ in range(2)]

    with capture_logs() as logs:
        for client in [*clients, *clients]:
            await client.send(REQUEST)

    told = [log for log in logs if log["event"] == "deprecated"]
    assert [(log["source"], log["path"], log["header"], log["text"]) for log in told] == [
        ("identity", "/runs/run-1", "deprecation", "@1767225600"),
        ("identity", "/runs/run-1", "sunset", "Wed, 01 Jul 2026 00:00:00 GMT"),
    ]


@pytest.mark.parametrize("name", ["sunset", "deprecation", "x-deprecated", "warning"])
async def test_each_kind_of_notice_is_known_and_cut(name: str) -> None:
    with capture_logs() as logs:
        await Observed(Replay(answer({}, 410, {name: "x" * 5000})), "identity").send(REQUEST)

    assert [log["text"] for log in logs if log["event"] == "deprecated"] == ["x" * 200]


async def test_outcomes_are_counted_by_source() -> None:
    ledger = Ledger()
    http = Replay(answer({}), answer({}, 429), answer({}), TimedOutError("no answer"))
    observed = Observed(http, "llm", ledger=ledger)
    for _ in range(3):
        await observed.send(REQUEST)
    with pytest.raises(TimedOutError):
        await observed.send(REQUEST)

    assert ledger.outcomes == {"200": 2, "429": 1, "TIMEOUT": 1}
