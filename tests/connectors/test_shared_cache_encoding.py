"""What one process writes for others comes back as it was, in the providers' own types; anything else is no answer."""

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw, Struct, msgpack, structs
from msgspec.structs import replace

from connectors import encoding
from connectors.contract import Page, StepList
from connectors.encoding import LARGEST, SEAL, Codec, UnshareableError, decode_error, encode_error
from connectors.errors import ConnectorError, MissingError, ThrottledError, UnreachableError, UnsupportedError
from connectors.lifetimes import Lifetime
from connectors.listed import Unreadable
from connectors.registry import find_providers
from connectors.remembered import Answer
from schema.identity import NativeId
from schema.instant import FIRST, SECOND, Instant
from schema.model import Execution, ExecutionError, ExecutionStatus, ExecutionStep, Workflow
from tests.connectors.asked import AskedExecution, run, steps
from tests.connectors.rows import runs_of

assert find_providers()
KEY = b"histograph:a:key"
CODEC = Codec(b"s" * 32)
LIFE = Lifetime(5.1, 4.9, 900.0)
SLOW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"Records have many fields to make up."


def below(base: type[Any]) -> Iterator[type[Any]]:
    for kind in base.__subclasses__():
        yield kind
        yield from below(kind)


def ours(base: type) -> list[type]:
    return sorted(
        (kind for kind in below(base) if kind.__module__.startswith("connectors.")), key=lambda kind: kind.__name__
    )


def back(value: object, codec: Codec = CODEC) -> Any:
    answer, deletions = codec.decode(KEY, codec.encode(KEY, Answer(value, 17, LIFE), 3))  # type: ignore[arg-type]
    assert (answer.as_of, answer.lifetime, answer.age, deletions) == (17, LIFE, 0.0, 3)
    return answer.value


def texts_of(value: object) -> list[str]:
    """The texts of all times in a value, which its equality does not look at."""
    if isinstance(value, Instant):
        return [value.text]
    if isinstance(value, Struct):
        return [text for name in value.__struct_fields__ for text in texts_of(getattr(value, name))]
    return [text for one in value for text in texts_of(one)] if isinstance(value, list | tuple) else []


RAW = st.sampled_from([b'{"a": 1.0}', b"[]", b'"\\u0000 \xc3\xa9"', b"null", b" 12345678901234567890 "]).map(Raw)
INSTANT = st.integers(max(FIRST * SECOND, -(2**63)), 2**63 - 1).map(Instant.of) | st.just(
    Instant.parse("2026-11-20T08:00:00.100000000Z")
)
FIELDS: dict[Any, st.SearchStrategy[Any]] = {
    Raw | None: st.none() | RAW,
    Instant | None: st.none() | INSTANT,
    int | None: st.none() | st.integers(-(2**63), 2**64 - 1),
    int: st.integers(-(2**63), 2**64 - 1),
    str: st.text(),
    str | None: st.none() | st.text(),
    bool: st.booleans(),
    bool | None: st.none() | st.booleans(),
    float | None: st.none() | st.floats(allow_nan=False),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
    ExecutionStatus: st.sampled_from(ExecutionStatus),
    ExecutionError | None: st.none() | st.builds(ExecutionError, st.text(), st.none() | st.text()),
    NativeId: st.builds(NativeId, st.text(), st.text()),
}


def values_of(kind: type) -> st.SearchStrategy[Any]:
    """Records of a class with any values in their fields."""
    return st.builds(kind, **{one.name: field_of(one.type) for one in structs.fields(kind)})


def field_of(kind: Any) -> st.SearchStrategy[Any]:
    if kind in FIELDS:
        return FIELDS[kind]
    assert get_origin(kind) is tuple, f"say here how to make a {kind}"
    return st.lists(values_of(get_args(kind)[0]), max_size=2).map(tuple)


@pytest.mark.parametrize("kind", ours(Execution), ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data())
def test_the_runs_of_every_provider_come_back_as_they_were(kind: type[Execution], data: st.DataObject) -> None:
    runs = data.draw(st.lists(values_of(kind), max_size=3))

    page = back(Page(executions=runs, next_cursor="c", total=9, unreadable=(Unreadable("x", "y"),), as_of=5))

    assert page == Page(executions=runs, next_cursor="c", total=9, unreadable=(Unreadable("x", "y"),), as_of=5)
    assert [type(one) for one in runs_of(page)] == [kind] * len(runs)
    assert texts_of(runs_of(page)) == texts_of(runs)
    for one in runs:
        assert back(one) == one


@pytest.mark.parametrize("kind", ours(ExecutionStep), ids=lambda kind: kind.__name__)
@SLOW
@given(data=st.data(), error=FIELDS[ExecutionError | None])
def test_the_steps_of_every_provider_come_back_as_they_were(
    kind: type[ExecutionStep], data: st.DataObject, error: ExecutionError | None
) -> None:
    steps = tuple(data.draw(st.lists(values_of(kind), max_size=3)))
    listed = StepList(steps=steps, run_error=error, unreadable=(Unreadable("x", "y"), Unreadable(None, "z")))

    came = back(listed)
    doubted = back(replace(listed, doubt=UnsupportedError("more", http_status=404)))

    assert came == listed
    assert replace(doubted, doubt=None) == listed
    assert doubted.doubt.as_data() == UnsupportedError("more", http_status=404).as_data()
    assert [type(one) for one in came.steps] == [kind] * len(listed.steps)
    assert texts_of(came.steps) == texts_of(listed.steps)


def test_all_providers_are_looked_at() -> None:
    providers = {kind.provider.lower() for kind in below(Execution) if kind in ours(Execution)}

    assert providers == set(find_providers())
    assert len(ours(ExecutionStep)) == len(ours(Execution))


def test_workflows_and_what_is_missing_come_back() -> None:
    flows = [Workflow(source="src", provider="ASKED", native_id="w", aliases=("v",), run_count=3)]
    missing = back(MissingError("HTTP 404", http_status=404, reference="r"))

    assert back(flows) == flows
    assert type(missing) is MissingError
    assert (missing.message, missing.http_status, missing.reference) == ("HTTP 404", 404, "r")


def test_large_answers_are_compressed_and_small_ones_are_not() -> None:
    page = Page(
        executions=[run(f"r{at}", raw=Raw(b'{"x": "%s"}' % (b"y" * 500))) for at in range(100)], next_cursor=None
    )

    data = CODEC.encode(KEY, Answer(page, 0, LIFE), 0)

    assert len(data) < 10_000
    assert b"yyyyyyyy" not in data
    assert back(page) == page
    assert b"asked" in CODEC.encode(KEY, Answer(run("a"), 0, LIFE), 0)


@settings(deadline=None)
@given(at=st.integers(0, 10_000), change=st.integers(1, 255), cut=st.integers(0, 10_000))
def test_a_damaged_value_is_no_answer(at: int, change: int, cut: int) -> None:
    for value in (run("a"), Page(executions=[run(f"r{one}") for one in range(30)], next_cursor=None)):
        data = bytearray(CODEC.encode(KEY, Answer(value, 0, LIFE), 0))
        cut_off = bytes(data[: cut % len(data)])
        data[at % len(data)] ^= change

        for bad in (bytes(data), cut_off, b"", cut_off + b"\x00" * 40):
            with pytest.raises(UnshareableError):
                CODEC.decode(KEY, bad)


def test_a_value_of_another_version_source_or_question_is_no_answer() -> None:
    data = CODEC.encode(KEY, Answer(run("a"), 0, LIFE), 0)

    for codec, key, bad in (
        (CODEC, KEY, bytes([encoding.FORMAT + 1]) + data[1:]),
        (CODEC, KEY, bytes([encoding.FORMAT - 1]) + data[1:]),
        (Codec(b"t" * 32), KEY, data),
        (CODEC, KEY + b"x", data),
        (CODEC, KEY, data[: 2 + SEAL]),
    ):
        with pytest.raises(UnshareableError):
            codec.decode(key, bad)


def sealed(body: bytes, form: int = encoding.PLAIN) -> bytes:
    """What a process of the same account could have written, were it a wrong one."""
    head = bytes((encoding.FORMAT, form))
    return head + CODEC._seal(KEY, head, body) + body


@settings(deadline=None)
@given(body=st.binary(max_size=200), form=st.sampled_from([encoding.PLAIN, encoding.DEFLATED]))
def test_bytes_that_are_sealed_and_make_no_sense_are_no_answer(body: bytes, form: int) -> None:
    with pytest.raises(UnshareableError):
        CODEC.decode(KEY, sealed(body, form))


def test_a_class_that_is_not_loaded_or_not_a_record_is_not_read() -> None:
    data = CODEC.encode(KEY, Answer(run("a"), 0, LIFE), 0)
    body = data[2 + SEAL :]
    said = msgpack.encode("tests.connectors.asked:AskedExecution")
    assert said in body
    for name in ("os:system", "tests.connectors.asked:Nobody", "connectors.errors:MissingError"):
        changed = body.replace(said, msgpack.encode(name))
        with pytest.raises(UnshareableError):
            CODEC.decode(KEY, sealed(changed))


def test_steps_do_not_pass_for_runs() -> None:
    listed = steps(run("a"), "s1")
    body = CODEC.encode(KEY, Answer(listed, 0, LIFE), 0)[2 + SEAL :]
    as_page = body.replace(b"\xa5steps", b"\xa4page")

    with pytest.raises(UnshareableError):
        CODEC.decode(KEY, sealed(as_page))


@pytest.mark.parametrize(
    "value",
    [
        run("a", duration_ns=2**70),
        run("a", noted_at=Instant(2**70, "in the far future")),
        run("a", workflow_name="\ud800"),
        run("a", raw=Raw(b'"%s"' % (b"y" * LARGEST))),
    ],
    ids=["a number", "a time", "half a pair", "too large"],
)
def test_what_bytes_cannot_bring_back_is_not_written(value: AskedExecution) -> None:
    with pytest.raises(UnshareableError):
        CODEC.encode(KEY, Answer(value, 0, LIFE), 0)


class Part(Struct, frozen=True):
    content: Raw


class Rich(Execution, frozen=True, kw_only=True):
    by_name: dict[str, Raw]
    parts: list[Part]
    best: Part | None = None


def test_undecoded_json_may_lie_anywhere() -> None:
    json = Raw(b'{"a": 1}')
    value = Rich(
        source="s",
        key=NativeId("w", "a"),
        status=ExecutionStatus.SUCCEEDED,
        raw_status="",
        by_name={"x": json},
        parts=[Part(json), Part(json)],
        best=Part(json),
    )

    assert back(value) == value


def test_a_class_with_fields_of_any_type_is_not_shared() -> None:
    class Vague(Execution, frozen=True, kw_only=True):
        anything: Any = None

    class Either(Execution, frozen=True, kw_only=True):
        part: list[Raw] | Raw | None = None

    for kind in (Vague, Either):
        value = kind(source="s", key=NativeId("w", "a"), status=ExecutionStatus.SUCCEEDED, raw_status="")
        with pytest.raises(UnshareableError):
            CODEC.encode(KEY, Answer(value, 0, LIFE), 0)


def every_error() -> list[type[ConnectorError]]:
    return [kind for kind in below(ConnectorError) if kind.__module__ == "connectors.errors"]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_errors_come_back(kind: type[ConnectorError]) -> None:
    error = kind("what was wrong", http_status=500, reference="r-1", retry_after=2.5)

    came = decode_error(encode_error(error))

    assert type(came) is kind
    assert came.as_data() == error.as_data()


def test_an_error_that_cannot_be_read_says_what_is_sure() -> None:
    assert type(decode_error(b"\xc1")) is UnreachableError
    unknown = encode_error(ThrottledError("x")).replace(b"ThrottledError", b"ElsewhereError")
    assert type(decode_error(unknown)) is UnreachableError


def test_a_value_is_written_without_code_that_pickle_would_run() -> None:
    assert "pickle" not in sys.modules["connectors.encoding"].__dict__
    assert replace(run("a")) == back(run("a"))
