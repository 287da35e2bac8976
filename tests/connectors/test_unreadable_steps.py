"""A step that cannot be read is left out and named; the others of its run are shown."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from connectors.contract import StepList
from connectors.lifetimes import LIVE, lifetime_of
from connectors.providers.informer.records import is_whole, read_history
from connectors.providers.sailpoint.events import fold
from connectors.questions import StepsOf
from connectors.reading import present
from connectors.steps import Wires, read_steps
from schema.identity import NativeId
from schema.model import ExecutionStatus, ExecutionStep
from tests.connectors import test_arcee, test_boomi_rest, test_informer, test_sailpoint, test_yandex
from tests.connectors.replay import answer, sample

KEY = NativeId("w", "r")
S = ExecutionStatus


class WireStep(Struct):
    """Of which `bad` may be what it is not."""

    bad: bool = False


STEP = Wires(WireStep, "steps[{}]")


def read(wire: WireStep, _record: Raw, index: int) -> ExecutionStep:
    if wire.bad:
        raise ValueError("no number")
    return ExecutionStep(source="s", run=KEY, place=str(index), name="", status=S.SUCCEEDED, raw_status="")


def test_a_step_keeps_its_place_when_one_before_it_is_left_out() -> None:
    records = [Raw(b'{"id":"a"}'), Raw(b'{"id":"b","bad":true}'), Raw(b'{"bad":2}'), Raw(b"{}"), Raw(b'{"id":"\xff"}')]

    steps, bad = read_steps(records, STEP, read)

    assert [step.place for step in steps] == ["0", "3"]
    assert [(one.native_id, one.reason) for one in bad] == [
        ("b", "no number"),
        ("#2", "steps[2]: Expected `bool`, got `int` - at `$.bad`"),
        ("#4", "steps[4]: not in UTF-8"),
    ]


def test_steps_that_can_all_be_read_are_read_at_once() -> None:
    """Each is told its own record and its place."""
    told: list[tuple[bytes, int]] = []

    def note(wire: WireStep, record: Raw, index: int) -> ExecutionStep:
        told.append((bytes(record), index))
        return read(wire, record, index)

    steps, bad = read_steps([Raw(b'{"id":"a"}'), Raw(b"{}")], STEP, note)

    assert (told, len(steps), bad) == ([(b'{"id":"a"}', 0), (b"{}", 1)], 2, ())


class WireTimed(Struct):
    """With a time."""

    at: str | None = None


def read_timed(wire: WireTimed, _record: Raw, index: int) -> ExecutionStep:
    return ExecutionStep("s", KEY, str(index), "", S.SUCCEEDED, "", started=wire.at)


def test_a_step_whose_time_cannot_be_read_is_left_out_although_nobody_has_read_that_of_others() -> None:
    times = ["2026-11-20T07:59:45Z", "2026-02-30T07:59:45Z", None, "", "2016-12-31T23:59:60Z", "45"]
    records = [Raw(json.dumps({"at": one}).encode()) for one in times]

    steps, bad = read_steps(records, Wires(WireTimed, "steps[{}]", "at"), read_timed)

    read_as = [None if step.started_at is None else step.started_at.text for step in steps]
    assert [step.place for step in steps] == ["0", "2", "3", "4"]
    assert read_as == ["2026-11-20T07:59:45Z", None, None, "2017-01-01T00:00:00Z"]
    assert [(one.native_id, one.reason) for one in bad] == [
        ("#1", "day is out of range for month"),
        ("#5", "not an RFC 3339 time with a zone: '45'"),
    ]


@pytest.mark.parametrize("text", ["", "null"])
def test_a_member_that_is_not_there_is_none(text: str) -> None:
    assert present(Raw(text.encode())) is None


@given(st.randoms(use_true_random=False), st.booleans())
def test_events_come_in_any_order(random: Random, has_failed: bool) -> None:
    """Those that come in order are not sorted; the steps are the same."""
    states = ["Scheduled", "Started", "Failed" if has_failed else "Completed"]
    ordered = [
        {
            "type": f"ActivityTask{state}",
            "timestamp": f"2026-11-28T20:08:{at + 10}.5Z",
            "attributes": {"stepName": f"s{at // 3}"},
        }
        for at, state in enumerate(states * 5)
    ]
    events = [Raw(json.dumps(one).encode()) for one in ordered]
    shuffled = random.sample(events, len(events))

    assert fold(shuffled, test_sailpoint.run()) == fold(events, test_sailpoint.run())


async def listed(connector: Any, owner: Any) -> tuple[list[str], list[str | None]]:
    """Places of the steps that a run got, and the names of those that it lacks."""
    found = (await connector.list_steps([owner]))[owner.key]
    assert isinstance(found, StepList)
    return [step.place for step in found.steps], [one.native_id for one in found.unreadable]


async def test_of_yandex() -> None:
    body = json.loads(sample("yandex/history.200.json").body)
    body["entries"][0]["duration"] = "a while"
    connector, _ = test_yandex.yandex(answer(body))

    assert await listed(connector, test_yandex.run()) == (["1"], ["fetch_posts"])


async def test_of_arcee() -> None:
    (good,) = json.loads(sample("arcee/steps.200.json").body)
    connector, _ = test_arcee.arcee(answer([good | {"id": "other", "tokens": "many"}, good]))

    assert await listed(connector, test_arcee.run()) == ([good["id"]], ["other"])


async def test_of_sailpoint_where_it_is_an_event_of_a_step() -> None:
    """The step whose end is lost is not known to have ended."""
    events = json.loads(sample("sailpoint/history.200.json").body)
    events[4]["timestamp"] = "yesterday"
    connector, _ = test_sailpoint.sailpoint(answer(events))
    owner = test_sailpoint.run()

    found = (await connector.list_steps([owner]))[owner.key]

    assert isinstance(found, StepList)
    assert [step.status for step in found.steps] == [S.UNKNOWN]
    assert [one.native_id for one in found.unreadable] == ["event 4"]


async def test_of_boomi_where_nobody_knows_whose_it_is() -> None:
    """Each run of the call may lack it."""
    body = json.loads(sample("boomi/steps_one_unreadable.200.json").body)
    body["result"][1] |= {"errorCount": 0, "executionId": None}
    connector, _ = test_boomi_rest.boomi(answer(body))
    owners = [test_boomi_rest.run("execution-a"), test_boomi_rest.run("execution-b")]

    found = await connector.list_steps(owners)

    told = [found[one.key] for one in owners]
    assert [(len(one.steps), len(one.unreadable)) for one in told if isinstance(one, StepList)] == [(1, 1), (0, 1)]


async def test_arcees_approximate_steps_are_doubted_and_none_is_not_taken_for_all() -> None:
    connector, _ = test_arcee.arcee("arcee/missing.404.json")
    owner = test_arcee.run(all_outputs=None)

    found = (await connector.list_steps([owner]))[owner.key]

    assert isinstance(found, StepList)
    assert (found.steps, found.doubt is None) == ((), False)


PROGRESS = [{"task": {"key": "a"}, "result": {"status": "success"}}, {"task": 7}]


async def test_of_informer() -> None:
    body = {"id": "h", "jobId": "j", "success": False, "duration": [test_informer.START, test_informer.END]}
    connector, _ = test_informer.informer(answer(body | {"progress": PROGRESS}))
    owner = read_history(Raw(json.dumps(body).encode()), "reports")

    assert await listed(connector, owner) == (["0"], ["#1"])


def test_a_run_of_informer_is_not_lost_by_it() -> None:
    run = test_informer.read(success=True, progress=PROGRESS)

    assert run.status is not S.UNKNOWN
    assert len(run.told.steps) == 1
    assert not is_whole(run.told), "they are asked for once more"


@pytest.mark.parametrize("is_final", [True, False])
def test_what_lacks_a_step_is_remembered_for_short(is_final: bool) -> None:
    lacking = StepList(unreadable=read_steps([Raw(b'"bad"')], STEP, read)[1])

    assert lifetime_of(StepsOf(KEY, is_final), lacking, LIVE, 0.5).fresh == LIVE
