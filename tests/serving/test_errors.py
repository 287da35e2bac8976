"""Errors of an answer, as clients see them and as the log tells of them."""

from typing import Any

from graphql import GraphQLError
from structlog.testing import capture_logs

from engine.errors import ErrorCode
from serving.errors import tell_errors


class Variables(dict[str, Any]):
    """Counts how often it is looked through."""

    times = 0

    def values(self) -> Any:
        self.times += 1
        return super().values()


def refused(place: int, message: str) -> GraphQLError:
    return GraphQLError(message, path=["_entities", place], extensions={"code": ErrorCode.BAD_USER_INPUT})


def test_the_same_said_of_many_keys_is_looked_through_for_values_once() -> None:
    variables = Variables(ids=["canary"] * 1000)

    told = tell_errors([refused(place, "no run 'canary'") for place in range(1000)], variables)

    assert {one["message"] for one in told} == {"no run (the value given)"}
    assert [one["path"][1] for one in told] == list(range(1000))
    assert variables.times == 1


def test_the_log_counts_by_code() -> None:
    with capture_logs() as lines:
        tell_errors([refused(place, "not an id") for place in range(3)], {}, "the document's hash")

    assert lines == [
        {
            "event": "fields refused",
            "log_level": "info",
            "codes": {"BAD_USER_INPUT": 3},
            "document": "the document's hash",
        }
    ]
    assert repr(lines[0]["codes"]) == "{'BAD_USER_INPUT': 3}"
