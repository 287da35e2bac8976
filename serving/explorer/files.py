"""The explorer's routes: its page, the page's files, and the way to it from `/`."""

import json
from pathlib import Path
from posixpath import relpath

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from serving.explorer.browsers import to_explorer

BUILT = Path(__file__).parent / "static"
SETTINGS = '<script id="settings" type="application/json">{}</script>'  # as web/index.html has it
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf", ".svg": "image/svg+xml"}
SECURITY = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "connect-src 'self'",
            "style-src 'self' 'unsafe-inline'",  # the editor colours its text by style elements
            "font-src 'self' data:",  # GraphiQL's style sheet holds its fonts
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Histograph</title>
<body style="margin: 4em auto; max-width: 36em; font: 16px/1.5 system-ui, sans-serif">
<h1>The explorer is not built</h1>
<p>Run <code>make explorer</code> in Histograph's checkout, then load this page again; the server may keep running.</p>
<p>The API does not need it: POST a query to the GraphQL endpoint.</p>
"""


def routes(graphql_path: str = "/graphql", explorer_path: str = "/explorer", built: Path = BUILT) -> list[BaseRoute]:
    """The explorer at `explorer_path/`, asking `graphql_path`; `/` leads to it.

    `built` is read at each request: a build made while the server runs is seen.
    """
    endpoint = relpath(graphql_path, explorer_path)  # relative, as all links of the page are

    def lead(request: Request) -> RedirectResponse:
        return to_explorer(request, explorer_path)

    def page(_: Request) -> Response:
        return read_page(built / "index.html", endpoint)

    def asset(request: Request) -> Response:
        return read_asset(built / "assets" / request.path_params["name"], request.headers.get("accept-encoding", ""))

    return [
        Route("/", lead),
        Route(explorer_path, lead),
        Route(f"{explorer_path}/", page),
        Route(f"{explorer_path}/assets/{{name}}", asset),
    ]


def read_page(file: Path, endpoint: str) -> Response:
    """The page with its settings written in; where no build is, a page that says how to make one."""
    headers = SECURITY | {"Cache-Control": "no-cache"}
    try:
        html = file.read_text("utf-8")
    except FileNotFoundError:
        return HTMLResponse(NOT_BUILT, status_code=503, headers=headers)
    settings = json.dumps({"endpoint": endpoint}).replace("<", "\\u003c")
    return HTMLResponse(html.replace(SETTINGS, SETTINGS.replace("{}", settings)), headers=headers)


def read_asset(file: Path, accept_encoding: str) -> Response:
    """A file of the build, compressed where that is accepted. Its name holds a hash of its content, so it stays."""
    if not file.is_file():
        return Response(status_code=404, headers=SECURITY | {"Cache-Control": "no-store"})
    headers = SECURITY | {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    media_type = MEDIA_TYPES.get(file.suffix, "application/octet-stream")
    compressed = file.with_name(f"{file.name}.gz")
    if "gzip" in accept_encoding and compressed.is_file():
        return FileResponse(compressed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return FileResponse(file, media_type=media_type, headers=headers)
