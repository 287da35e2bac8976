"""What the bench of attacks sends, and what it tells of each."""

import json
import os
import time

import pytest

from bench.hostile import AIM, Health, Memory, Told, anew, measure, table
from tests.hostile.attacks import attacks
from tests.serving.live import service, serving

ATTACKS = {attack.name: attack for attack in attacks()}


@pytest.mark.parametrize("name", ["t01_fragment_doubling[4]", "t13_cost_bypass[0]", "t37_values[1]"])
def test_each_try_has_a_text_of_its_own_that_means_the_same(name: str) -> None:
    attack = ATTACKS[name]
    was = json.loads(attack.body)

    tries = [json.loads(anew(attack, number).body) for number in range(50)]

    assert len({one["query"] for one in tries}) == 50
    assert [{**one, "query": one["query"].lstrip(" ,")} for one in tries] == [was] * 50


@pytest.mark.parametrize("name", ["t14_batches[0]", "t16_crashes[0]", "t04_tokens[4]"])
def test_what_is_no_query_or_is_refused_unread_is_sent_as_it_is(name: str) -> None:
    assert anew(ATTACKS[name], 7) is ATTACKS[name]


def test_an_attack_is_told_of_with_a_quiet_stretch_beside_it() -> None:
    with serving(service()) as client, Health(client.url) as health:
        told = measure(ATTACKS["t10_depth[1]"], client, health, Memory(os.getpid()), 0.0)

    assert (told.name, told.statuses) == ("t10_depth[1]", [400])
    assert told.wait > 0
    assert told.quiet > 0
    assert told.answered > 0


def test_each_stretch_has_the_waits_of_its_own_time() -> None:
    with serving(service()) as client, Health(client.url) as health:
        began = time.perf_counter()
        client.send("GET", "/healthz")
        between = time.perf_counter()
        client.send("GET", "/healthz")
        ended = time.perf_counter()

        first, second = health.longest(began, between), health.longest(between, ended)
        assert max(first, second) == health.longest(began, ended)
        assert health.longest(between, ended, begun=True) <= second
        health.forget()
        assert health.longest(ended, time.perf_counter()) > 0


def test_a_server_that_is_gone_ends_the_bench() -> None:
    with serving(service()) as client:
        pass

    with pytest.raises(ConnectionError, match="no word of health"), Health(client.url) as health:
        measure(ATTACKS["t10_depth[1]"], client, health, Memory(os.getpid()), 0.0)


def test_the_notes_name_what_is_above_the_aim_and_what_failed() -> None:
    good = Told("t01[0]", 500, [400], 1.0, AIM, 0.5, 0.0, 0.0)
    slow = Told("t02[0]", 500, [200], 1.0, AIM + 1, 0.5, 0.0, 0.0)
    failed = Told("t03[0]", 500, [0, 400], 1.0, 1.0, 0.5, 0.0, 0.0)

    notes = table([good, slow, failed], 1.5).notes

    assert [note.partition(": ")[2] for note in notes[1:]] == ["t02[0].", "t03[0].", "+1.5 MB."]
    assert "t02[0]" in notes[0]
