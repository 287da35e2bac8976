"""Telling people from programs at the GraphQL endpoint: a browser that navigates there is led to the explorer."""

from posixpath import dirname, relpath
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse

JSON_TYPES = ("application/json", "application/graphql-response+json")


def wants_page(request: Request) -> bool:
    """Whether the caller GETs and would rather have HTML, by name, than any JSON: browsers do, clients do not."""
    if request.method not in {"GET", "HEAD"}:
        return False
    weights = accepted(request.headers.get("accept", ""))
    return weights.get("text/html", 0.0) > max(weights.get(json_type, 0.0) for json_type in JSON_TYPES)


def to_explorer(request: Request, explorer_path: str = "/explorer") -> RedirectResponse:
    """Leads there with the query string, so that a link to a query opens in the editor.

    The location is relative: it holds behind a proxy that puts a prefix before our paths.
    """
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    location = quote(relpath(explorer_path, dirname(path))) + "/"
    if request.url.query:
        location += f"?{request.url.query}"
    return RedirectResponse(location, status_code=307, headers={"Vary": "Accept", "Cache-Control": "no-store"})


def accepted(header: str) -> dict[str, float]:
    """An Accept header as weights by media type. A weight nobody can read is 0."""
    weights: dict[str, float] = {}
    for item in header.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights[media_type] = float(quality)
        except ValueError:
            weights[media_type] = 0.0
    return weights
