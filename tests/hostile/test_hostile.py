"""Every attack of this folder, over HTTP: refused, or answered within bounds; nobody else notices."""

import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.hostile.attacks import Attack, attacks
from tests.serving.live import Client, over_sandbox

ATTACKS = attacks()
THREATS = {f"t{number:02}" for number in range(1, 19)}
LARGEST_ANSWER = 256 * 1024  # bytes
MOST_LOGGED = 4 * 1024  # characters; one line says what was wrong, and nothing of the request


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with over_sandbox(tmp_path_factory.mktemp("hostile"), spaces_source="boomi-eu") as client:
        yield client


def test_every_threat_has_its_file() -> None:
    assert {attack.name[:3] for attack in ATTACKS} >= THREATS


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_refused_or_bounded(attack: Attack, client: Client) -> None:
    with capture_logs() as lines:
        reply = client.send(attack.method, attack.path, attack.body, attack.headers)

    told = json.loads(reply.body) if reply.body else {}
    errors = told.get("errors", [])
    code = errors[0]["extensions"]["code"] if errors else ""
    assert code in attack.codes, reply.body[:500]
    assert 200 <= reply.status < 500
    assert reply.status >= 400 or "data" in told or attack.method == "HEAD"
    assert len(reply.body) < LARGEST_ANSWER
    assert len(errors) <= 5
    assert b"Did you mean" not in reply.body
    assert b"canary" not in reply.body
    logged = [line for line in lines if line["event"] != "call"]
    assert len(str(logged)) < MOST_LOGGED
    assert "canary" not in str(logged)
    assert client.send("GET", "/healthz").status == 200


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_door_of_spaces_bears_it_too(attack: Attack, client: Client) -> None:
    """Its schema is another, so that most are refused for that."""
    path = attack.path.replace("/graphql", "/spaces/graphql", 1)

    reply = client.send(attack.method, path, attack.body, {**attack.headers, "SPACE_GUID": "any"})

    assert 200 <= reply.status < 500
    assert len(reply.body) < LARGEST_ANSWER
    assert b"Did you mean" not in reply.body
    assert b"canary" not in reply.body
