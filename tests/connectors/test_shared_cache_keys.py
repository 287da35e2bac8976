"""Keys of the shared cache: two accounts never have one in common, and nobody can read anything in them."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs
from redis.asyncio import Redis
from structlog.testing import capture_logs

import settings as app_settings
from connectors.caches import Caches, CacheSettings
from connectors.contract import ExecutionQuery, Range, Rate
from connectors.declaration import SourceSettings
from connectors.fingerprint import _digest, code_version, secret_of
from connectors.http.auth import Secret
from connectors.questions import AllWorkflows, PageOf, Question, RunOf, StepsOf
from connectors.redis_link import RedisLink, open_redis
from connectors.registry import find_providers
from connectors.shared_cache import SharedCache
from schema.identity import NativeId
from schema.model import ExecutionStatus
from tests.connectors.asked import Asked, run
from tests.connectors.redis_server import redis_server

PROVIDERS = find_providers()
ROOT = Path(__file__).parent.parent.parent


class Account(SourceSettings, frozen=True, kw_only=True):
    """Settings of an account."""

    token: Secret
    further: tuple[Secret, ...] = ()


TEXT = st.text(st.sampled_from("ab:/"), max_size=4)
ACCOUNT = st.tuples(
    TEXT, TEXT, TEXT, st.none() | st.lists(TEXT, max_size=2).map(tuple), st.lists(TEXT, max_size=2).map(tuple)
)


def account(parts: Any) -> tuple[str, Account]:
    name, url, token, flows, further = parts
    made = Account(
        provider="asked",
        base_url=url,
        token=Secret(token),
        workflow_ids=flows,
        further=tuple(map(Secret, further)),
    )
    return name, made


@settings(max_examples=15, deadline=None)  # each costs two computations that are slow on purpose
@given(one=ACCOUNT, other=ACCOUNT)
def test_two_accounts_never_share_and_one_always_does(one: Any, other: Any) -> None:
    assert (secret_of(*account(one), b"1") == secret_of(*account(other), b"1")) == (one == other)


def test_each_setting_counts() -> None:
    """Of all providers: another name, address, credential, or choice of workflows is another account."""
    for provider in PROVIDERS.values():
        fields = {one.name: one.type for one in structs.fields(provider.settings)}
        values = {name: sample(kind, "x") for name, kind in fields.items()}
        made = provider.settings(**values)
        secrets = {secret_of("src", made, b"1"), secret_of("other", made, b"1"), secret_of("src", made, b"2")}
        for name, kind in fields.items():
            secrets.add(secret_of("src", provider.settings(**values | {name: sample(kind, "y")}), b"1"))
        assert len(secrets) == 3 + len(fields), provider.name
        assert secret_of("src", provider.settings(**values), b"1") in secrets


def sample(kind: Any, text: str) -> Any:
    """A value of a setting's type."""
    if kind in (Secret, Secret | None):
        return Secret(f"canary {text}")
    if "int" in str(kind) or "float" in str(kind):
        return ord(text)
    return (text,) if "tuple" in str(kind) else text


def test_the_code_that_reads_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of a provider from elsewhere."""
    module = tmp_path / "elsewhere_provider.py"
    monkeypatch.syspath_prepend(tmp_path)
    versions = {code_version(PROVIDERS["arcee"].settings), code_version(PROVIDERS["yandex"].settings)}
    assert len(versions) == 1
    for text in ("", "STATUS = 1\n"):
        module.write_text(f"from msgspec import Struct\n{text}class Settings(Struct): pass\n", encoding="utf-8")
        sys.modules.pop("elsewhere_provider", None)
        _digest.cache_clear()
        versions.add(code_version(import_module("elsewhere_provider").Settings))
    assert len(versions) == 3


QUESTION = st.one_of(
    st.builds(RunOf, st.builds(NativeId, TEXT, TEXT)),
    st.builds(StepsOf, st.builds(NativeId, TEXT, TEXT), st.booleans()),
    st.builds(AllWorkflows),
    st.builds(
        PageOf,
        TEXT,
        st.builds(
            ExecutionQuery,
            workflow_ids=st.none() | st.frozensets(TEXT),
            statuses=st.none() | st.frozensets(st.sampled_from(ExecutionStatus)),
            started=st.builds(Range, st.none() | st.integers(0, 2), st.none() | st.integers(0, 2)),
        ),
        st.none() | TEXT,
    ),
)


def shared(secret: bytes) -> SharedCache:
    return SharedCache(RedisLink(open_redis("unix:///nowhere")), secret)


@settings(deadline=None)
@given(one=QUESTION, other=QUESTION)
def test_two_questions_never_share_a_key_and_one_always_has_the_same(one: Question, other: Question) -> None:
    mine, theirs = shared(b"a" * 32), shared(b"b" * 32)

    assert (mine._key("a", one) == mine._key("a", other)) == (one == other)
    assert len({mine._key("a", one), mine._key("l", one), theirs._key("a", one), theirs._key("l", one)}) == 4


def test_sets_make_the_same_key_in_every_process() -> None:
    """Their order differs from process to process."""
    code = (
        "from tests.connectors.test_shared_cache_keys import *;"
        "query = ExecutionQuery(workflow_ids=frozenset(map(str, range(50))), statuses=frozenset(ExecutionStatus));"
        "print(list(query.workflow_ids), file=sys.stderr);"
        "print(shared(b'a' * 32)._key('a', PageOf('p', query, None)))"
    )
    ends = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    ]

    assert ends[0].stderr != ends[1].stderr
    assert ends[0].stdout == ends[1].stdout != b""


async def test_no_secret_and_no_id_can_be_read_in_redis_keys_nor_in_logs(tmp_path: Path) -> None:
    canaries = ["canary-token", "canary-name", "canary-flow", "canary-run", "canary.example.com", "canary-cursor"]
    made = Account(provider="asked", base_url="https://canary.example.com", token=Secret("canary-token"))
    with redis_server(tmp_path) as server, capture_logs() as logs:
        caches = Caches.of(CacheSettings(redis_url=Secret(server.url)))
        assert caches.link is not None
        caches.link.patience = 30.0
        source = Asked(name="canary-name", runs=[run("canary-run", workflow="canary-flow")])
        cache = caches.around(source, made, Rate(5, 1))
        await cache.list_executions(
            "canary-flow", ExecutionQuery(workflow_ids=frozenset({"canary-flow"})), "canary-cursor"
        )
        await cache.get_executions([NativeId("canary-flow", "canary-run"), NativeId("canary-flow", "canary-nobody")])
        await cache.list_steps(source.runs)
        await cache.workflows()
        await cache.aclose()
        await caches.aclose()
        async with Redis.from_url(server.url) as redis:
            keys = await redis.keys("*")
            values = [await redis.get(key) for key in keys]
        server.kill()

    assert len(keys) == 4  # the run that was listed is remembered, and not written once more
    for canary in canaries:
        assert not any(canary.encode() in key for key in keys)
        assert canary not in json.dumps(logs, default=repr)
    for value in values:
        assert value is not None
        assert "canary-token" not in str(value)
    assert "canary-token" not in repr(cache)


@pytest.mark.parametrize("url", ["http://x", "canary", "redis://h:port/0", ""])
def test_a_wrong_address_is_told_without_it(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS", url)
    file = tmp_path / "histograph.toml"
    file.write_text('[cache]\nredis_url = { env = "REDIS" }\n[sources.a]\nprovider = "x"\n', encoding="utf-8")

    with pytest.raises(app_settings.SettingsError) as caught:
        app_settings.read_settings(file, PROVIDERS)

    (line,) = [line for line in caught.value.problems if "[cache]" in line]
    assert "redis_url" in line
    assert not url or url not in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max_mb = 0", "max_mb has to be between 1 and"),
        ('redis_url = "redis://:canary@h"', "a secret is given as { env"),
        ("max_gb = 1", "unknown setting `max_gb`"),
    ],
)
def test_the_cache_table_is_checked(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "histograph.toml"
    file.write_text(f'[cache]\n{text}\n[sources.a]\nprovider = "x"\n', encoding="utf-8")

    with pytest.raises(app_settings.SettingsError) as caught:
        app_settings.read_settings(file, PROVIDERS)

    (line,) = [line for line in caught.value.problems if "[cache]" in line]
    assert told in line
    assert "canary" not in str(caught.value)


def test_every_form_of_address_is_taken() -> None:
    for url in ("redis://h", "rediss://u:p@h:6380/1", "unix:///run/redis.sock?db=2"):
        assert CacheSettings(redis_url=Secret(url)).problem() is None
        assert url not in repr(CacheSettings(redis_url=Secret(url)))
    assert isinstance(CacheSettings(), Struct)
