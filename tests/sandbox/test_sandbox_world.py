"""The world's data: made from seed and anchor alone, and moving with the clock."""

from collections import Counter
from collections.abc import Mapping

import pytest

from sandbox import PROVIDERS, State, World, generate
from sandbox.model import DAY, HOUR, MINUTE, SECOND
from sandbox.stamps import instant, stamp
from tests.sandbox.sandbox_asking import NOW, small_world, some_run

RETENTION = {"boomi": 30, "yandex": 60, "arcee": 60, "informer": 60, "sailpoint": 90}


@pytest.fixture(scope="module")
def worlds() -> Mapping[str, World]:
    return {name: generate(name, 7, NOW) for name in PROVIDERS}


def test_the_same_seed_and_anchor_give_the_same_runs() -> None:
    one, other = generate("boomi", 7, NOW, 200), generate("boomi", 7, NOW, 200)

    assert one.visible(NOW + HOUR) == other.visible(NOW + HOUR)
    assert [one.steps(run) for run in one.runs] == [other.steps(run) for run in other.runs]
    assert generate("boomi", 8, NOW, 200).visible(NOW) != one.visible(NOW)


def test_the_state_at_a_time_does_not_depend_on_when_was_asked_before() -> None:
    asked_often, asked_once = generate("arcee", 7, NOW, 50), generate("arcee", 7, NOW, 50)
    for minute in range(60):
        asked_often.visible(NOW + minute * MINUTE)

    assert asked_often.visible(NOW + HOUR) == asked_once.visible(NOW + HOUR)
    assert asked_often.visible(NOW) == generate("arcee", 7, NOW, 50).visible(NOW)


def test_every_provider_has_a_dozen_workflows_and_thousands_of_runs_over_its_retention(
    worlds: Mapping[str, World],
) -> None:
    for name, world in worlds.items():
        runs = [run for run in world.visible(NOW) if not run.kept]
        assert len(world.workflows) >= 12
        assert len(runs) == 5000
        assert RETENTION[name] - 2 < (NOW - runs[-1].started_at) / DAY < RETENTION[name]


def test_every_kind_of_run_is_there(worlds: Mapping[str, World]) -> None:
    for name, world in worlds.items():
        runs = world.visible(NOW)
        states = Counter(run.state(NOW) for run in runs)
        assert states[State.RUNNING]
        assert states[State.FAILED]
        assert states[State.QUEUED] or name == "informer"
        assert states[State.PAUSED] or name not in ("yandex", "arcee")
        assert states[State.WARNED] or name not in ("boomi", "informer")
        assert any(run.outcome is State.FAILED and run.attempts > 1 for run in runs)
        lasted = [run.ended_at - run.started_at for run in runs if run.ended_at is not None]
        assert min(lasted) < SECOND // 1000
        assert max(lasted) > 2 * HOUR
        starts = Counter(run.started_at // SECOND for run in runs)
        assert max(starts.values()) > 1
        keys = [[step.plan.key for step in world.steps(run)] for run in runs[:100]]
        assert any(len(set(steps)) < len(steps) for steps in keys)


def test_the_newest_fifty_mix_all_five_providers(worlds: Mapping[str, World]) -> None:
    newest = sorted(((run.started_at, name) for name, world in worlds.items() for run in world.visible(NOW)))[-50:]

    assert min(Counter(name for _, name in newest).get(name, 0) for name in PROVIDERS) >= 5


def test_a_run_appears_when_its_start_has_come_and_ends_when_its_end_has() -> None:
    world = small_world(some_run(ago=-1, lasts=10))

    assert not world.visible(NOW)
    assert world.find("r1", NOW) is None
    (run,) = world.visible(NOW + MINUTE)
    assert run.state(NOW + MINUTE) is State.RUNNING
    assert run.state(NOW + MINUTE + 10 * SECOND) is State.SUCCEEDED


def test_new_runs_go_on_starting_about_every_twenty_seconds(worlds: Mapping[str, World]) -> None:
    world = generate("sailpoint", 7, NOW, 100)

    assert len(world.visible(NOW + HOUR)) - len(world.visible(NOW)) == 180


def test_what_is_older_than_the_retention_is_gone_unless_it_is_kept() -> None:
    runs = [some_run("old", ago=120), some_run("kept", ago=180, kept=True), some_run("new", ago=1)]
    world = World([], runs, retention=HOUR)

    assert [run.id for run in world.visible(NOW)] == ["new", "kept"]
    assert world.find("old", NOW) is None


def test_a_world_can_be_added_to_and_deleted_from() -> None:
    world = small_world(some_run("a", ago=3), some_run("c", ago=1))
    world.add(some_run("b", ago=2))
    world.delete("a")

    assert [run.id for run in world.visible(NOW)] == ["c", "b"]
    assert [run.id for run in world.runs] == ["c", "b"]


def test_steps_fill_the_run_and_end_in_the_one_that_failed() -> None:
    world = small_world(some_run(outcome=State.FAILED, failed_step="fetch", attempts=3))
    (run,) = world.runs
    (step,) = world.steps(run)

    assert (step.plan.key, step.outcome, step.attempts) == ("fetch", State.FAILED, 3)
    assert (step.started_at, step.ended_at) == (run.started_at, run.ended_at)


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_times_survive_as_text(digits: int) -> None:
    moment = instant("2022-02-07T20:13:29.356648026Z")

    assert instant(stamp(moment, digits)) == moment - moment % 10 ** (9 - digits)
    assert instant("2022-02-07T21:13:29.356648026+01:00") == moment
