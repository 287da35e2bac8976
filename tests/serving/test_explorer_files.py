"""The explorer's HTTP side: what a browser gets, with which headers, and who is led there."""

import gzip
from asyncio import Event
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Message

from serving.explorer import routes, to_explorer, wants_page
from serving.explorer.files import SETTINGS

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
SCRIPT = b"console.log('an explorer')"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build of one page and one script."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(f"<title>Histograph</title>{SETTINGS}")
    (tmp_path / "secret.txt").write_text("not for browsers")
    (assets / "index-C2da.js").write_bytes(SCRIPT)
    (assets / "index-C2da.js.gz").write_bytes(gzip.compress(SCRIPT))
    return tmp_path


async def get(path: str, built: Path, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a GET, straight over ASGI."""
    sent: list[Message] = []

    async def receive() -> Message:
        await Event().wait()  # the browser sends nothing more, and stays
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": pairs}
    await Starlette(routes=routes(built=built))(scope, receive, send)
    received = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], received, b"".join(message.get("body", b"") for message in sent[1:])


def request(
    method: str = "GET", path: str = "/graphql", query: str = "", accept: str = "", prefix: str = ""
) -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": prefix + path,
            "root_path": prefix,
            "query_string": query.encode(),
            "headers": [(b"accept", accept.encode()), (b"host", b"histograph.test")],
        }
    )


async def test_the_page_names_the_endpoint_relative_to_itself_and_is_never_kept(built: Path) -> None:
    status, headers, body = await get("/explorer/", built)

    assert status == 200
    assert b'{"endpoint": "../graphql"}' in body
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/explorer/", "/explorer/assets/index-C2da.js", "/explorer/assets/none.js"])
async def test_whatever_a_browser_gets_may_only_talk_to_us(built: Path, path: str) -> None:
    _, headers, _ = await get(path, built)

    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_a_script_stays_with_the_browser_for_good(built: Path) -> None:
    status, headers, body = await get("/explorer/assets/index-C2da.js", built)

    assert (status, body) == (200, SCRIPT)
    assert headers["content-type"].startswith("text/javascript")
    assert "immutable" in headers["cache-control"]


async def test_a_script_travels_compressed_where_that_is_accepted(built: Path) -> None:
    _, headers, body = await get("/explorer/assets/index-C2da.js", built, accept_encoding="gzip, br")

    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"].startswith("text/javascript")
    assert gzip.decompress(body) == SCRIPT


@pytest.mark.parametrize("name", ["none.js", "..", "../secret.txt", "..\\secret.txt", ""])
async def test_only_files_of_the_build_are_given(built: Path, name: str) -> None:
    status, _, body = await get(f"/explorer/assets/{name}", built)

    assert status == 404
    assert b"not for browsers" not in body


async def test_without_a_build_a_page_says_how_to_make_one(tmp_path: Path) -> None:
    status, headers, body = await get("/explorer/", tmp_path)

    assert status == 503
    assert headers["content-type"].startswith("text/html")
    assert b"make explorer" in body


@pytest.mark.parametrize("path", ["/", "/explorer"])
async def test_the_root_leads_to_the_explorer(built: Path, path: str) -> None:
    status, headers, _ = await get(path, built)

    assert (status, headers["location"]) == (307, "explorer/")


def test_a_link_keeps_its_query_and_a_proxy_its_prefix() -> None:
    response = to_explorer(request(path="/api/graphql", query="query=%7Ba%7D", prefix="/histograph"))

    assert response.headers["location"] == "../explorer/?query=%7Ba%7D"
    assert response.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("method", "accept", "wanted"),
    [
        ("GET", CHROME, True),
        ("HEAD", "TEXT/HTML", True),
        ("POST", CHROME, False),
        ("GET", "", False),
        ("GET", "*/*", False),
        ("GET", "application/json", False),
        ("GET", "application/graphql-response+json, text/html;q=0.5", False),
        ("GET", "text/html, application/json;q=0.9", True),
        ("GET", "text/html;q=0", False),
        ("GET", "text/html;q=much", False),
    ],
)
def test_browsers_want_the_page_and_clients_do_not(method: str, accept: str, wanted: bool) -> None:
    assert wants_page(request(method, accept=accept)) is wanted
