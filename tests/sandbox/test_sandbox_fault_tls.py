"""Providers behind TLS, and what may be wrong with it."""

import asyncio
import ssl
import sys

import aiohttp
import pytest

from sandbox import FaultError, Sandbox
from sandbox.__main__ import main
from tests.sandbox.fault_asking import asking_all, listing
from tests.sandbox.sandbox_asking import NOW, Ask


async def status(ask: Ask, trust: ssl.SSLContext) -> int:
    """Of a call of Informer's jobs."""
    headers = {"Authorization": f"Bearer {ask.sandbox.sources['reports']['api_token']}"}
    async with ask.session.get(ask.sandbox.url("informer") + "/api/jobs", headers=headers, ssl=trust) as response:
        return response.status


def trusting(ask: Ask) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ask.sandbox.ca_bundle))


async def test_behind_tls_a_provider_is_as_before_to_who_trusts_it() -> None:
    async with asking_all("informer", "arcee", tls=["informer"]) as ask:
        assert await status(ask, trusting(ask)) == 200
        assert ask.sandbox.sources["reports"]["ca_bundle"] == str(ask.sandbox.ca_bundle)
        assert str(ask.sandbox.sources["reports"]["base_url"]).startswith("https://")
        assert (await listing(ask, "arcee")).status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await status(ask, ssl.create_default_context())
        bundle = ask.sandbox.ca_bundle
    assert bundle
    assert not bundle.exists()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("tls-wrong-name", aiohttp.ClientConnectorCertificateError, "IP address mismatch"),
        ("tls-unknown-ca", aiohttp.ClientConnectorCertificateError, "unable to get local issuer"),
        ("plain-on-tls", aiohttp.ClientConnectorSSLError, "WRONG_VERSION_NUMBER"),
        ("refuse", aiohttp.ClientConnectorError, "Connect call failed"),
        ("reset-in-body", (aiohttp.ClientPayloadError, aiohttp.ClientOSError), None),
        ("cut-in-body", aiohttp.ClientPayloadError, None),
    ],
)
async def test_a_fault_behind_tls(name: str, error: type[Exception], words: str | None) -> None:
    async with asking_all("informer", tls=True) as ask:
        trust = trusting(ask)
        await ask.sandbox.fault("informer", name)
        before = ask.sandbox.connections["informer"]
        with pytest.raises(error, match=words):
            async with ask.session.get(
                ask.sandbox.url("informer") + "/api/jobs/w/history",
                headers={"Authorization": f"Bearer {ask.sandbox.sources['reports']['api_token']}"},
                ssl=trust,
            ) as response:
                await response.read()
        assert ask.sandbox.connections["informer"] - before == (name != "refuse")
        await ask.sandbox.heal("informer")
        assert await status(ask, trust) == 200


async def test_what_hangs_behind_tls_is_let_go_of() -> None:
    async with asking_all("informer", tls=True) as ask:
        active = await ask.sandbox.fault("informer", "hang")
        task = asyncio.create_task(status(ask, trusting(ask)))
        await active.struck()
        await ask.sandbox.heal("informer")
        with pytest.raises(aiohttp.ClientError):
            await task


async def test_a_handshake_that_failed_is_no_call() -> None:
    async with asking_all("informer", tls=True) as ask:
        await ask.sandbox.fault("informer", "tls-unknown-ca")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await status(ask, trusting(ask))
        assert ask.sandbox.calls == []
        assert ask.sandbox.connections == {"informer": 1}


async def test_faults_of_tls_need_tls() -> None:
    async with asking_all("informer") as ask:
        with pytest.raises(FaultError, match=r"tls=\['informer'\]"):
            await ask.sandbox.fault("informer", "plain-on-tls")


async def test_without_the_package_for_certificates_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(RuntimeError, match="trustme"):
        async with Sandbox(now=NOW, runs_per_provider=5, tls=True):
            pass


def test_by_hand_it_is_named_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert main(["--port", "0", "--fault", "boomi=tls-wrong-name"]) == 1
    assert "trustme" in capsys.readouterr().err
