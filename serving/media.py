"""Media types of requests and answers: what a caller accepts, by weight, and what a body says it is."""

from functools import lru_cache

from serving.explorer.browsers import accepted

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


@lru_cache(maxsize=32)
def choose(accept: str | None) -> str | None:
    """What to answer in; None when the caller takes nothing of ours.

    Wildcards get `application/json`, which every client reads. Of equal weights, the type made for GraphQL wins.
    """
    if accept is None or not accept.strip():
        return JSON
    weights = accepted(accept)
    any_of = weights.get("application/*", weights.get("*/*", 0.0))
    offers = {GRAPHQL: weights.get(GRAPHQL, 0.0), JSON: weights.get(JSON, any_of)}
    best = max(offers, key=lambda media_type: offers[media_type])
    if offers[best] > 0:
        return best
    return GRAPHQL if any_of > 0 and GRAPHQL not in weights else None


@lru_cache(maxsize=32)
def is_json(content_type: str | None) -> bool:
    """Whether a body of that type is JSON in UTF-8."""
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    charset = next((value[8:].strip("\"'") for value in parameters if value.startswith("charset=")), "utf-8")
    return media_type == JSON and charset in {"utf-8", "utf8"}
