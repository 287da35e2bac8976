"""Secrets over HTTP, and in a Redis that processes share: nobody is told them, whatever goes wrong."""

from pathlib import Path

from redis.asyncio import Redis

from sandbox import Sandbox
from tests.connectors.redis_server import RedisServer, redis_server
from tests.system.canaries import credentials, logs, secrets, told_in
from tests.system.serving_api import Api, api_over

PASSWORD = "canary-of-redis-5f1d2c"
WRONG = "canary-of-a-wrong-password"
SETTINGS = '[server]\nlog_level = "debug"\n\n[cache]\nredis_url = { file = "redis" }\n\n'
RUNS = """{ executionHistory(first: 30) {
  nodes { id raw steps { nodes { id raw } } } sources { source error { message } }
} }"""


async def protected(server: RedisServer) -> None:
    """It wants a password from now on."""
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("requirepass", PASSWORD)


def url(server: RedisServer, password: str) -> str:
    return server.url.replace("unix://", f"unix://:{password}@")


async def asked(sandbox: Sandbox, api: Api) -> list[str]:
    """What is answered in good days, with a source that fails, and to somebody who asks for nonsense."""
    answers = [str(await api.post(RUNS))]
    for provider, fault in (("arcee", "401"), ("sailpoint", "500"), ("yandex", "truncated-json"), ("boomi", "refuse")):
        await sandbox.fault(provider, fault)
    return [*answers, str(await api.post(RUNS)), str(await api.post("{ nonsense }"))]


async def test_neither_answers_nor_logs_nor_redis_tell_a_secret(tmp_path: Path) -> None:
    told: list[str] = []
    with redis_server(tmp_path) as server, logs(told):
        await protected(server)
        (tmp_path / "redis").write_text(url(server, PASSWORD))
        async with Sandbox(limits=False, runs_per_provider=40) as sandbox, api_over(sandbox, tmp_path, SETTINGS) as api:
            told += await asked(sandbox, api)
            hidden = secrets(sandbox) | credentials(sandbox) | {PASSWORD}
        async with Redis.from_url(url(server, PASSWORD)) as redis:
            keys = await redis.keys("*")
            told += [repr(key) for key in keys]
            told += [repr(await redis.get(key)) for key in keys if await redis.type(key) == b"string"]

    assert len(keys) > 50, "the password was right"
    assert len(hidden) > 10
    assert told_in(told, hidden) == []


async def test_a_redis_that_does_not_know_the_password_is_told_of_without_it(tmp_path: Path) -> None:
    told: list[str] = []
    with redis_server(tmp_path) as server, logs(told):
        await protected(server)
        (tmp_path / "redis").write_text(url(server, WRONG))
        async with Sandbox(limits=False, runs_per_provider=40) as sandbox, api_over(sandbox, tmp_path, SETTINGS) as api:
            told += await asked(sandbox, api)

    assert any("shared cache is lost" in line for line in told)
    assert told_in(told, [WRONG, PASSWORD]) == []
