"""What every provider owes, for each that is found: its declaration, and how its connector treats what is odd.

A provider brings, in its folder of samples, `settings.json` and three bodies: `executions_none`, `missing` (the answer
to a look-up of what is not there), and `executions_one_unreadable`, whose first record can be read and whose second
cannot. A folder within that has a `settings.json` too is a further door to the same provider.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from graphql import EnumTypeExtensionNode, FieldDefinitionNode, ObjectTypeDefinitionNode, parse
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec.structs import fields, replace

from connectors.contract import (
    WHOLE_SOURCE,
    Connector,
    ExecutionQuery,
    Filter,
    Page,
    Paging,
    Range,
    StepFilter,
    StepList,
)
from connectors.declaration import Provider, SourceSettings
from connectors.errors import ConnectorError, MissingError, UnreachableError, UnsupportedError
from connectors.http.auth import Secret
from connectors.http.client import Request, Response
from connectors.providers.sailpoint import filters_for
from connectors.providers.yandex import filter_for
from connectors.registry import find_providers
from schema import HERE as SCHEMA
from schema.identity import NativeId
from schema.instant import LAST, SECOND
from schema.model import Execution, ExecutionOrder, ExecutionStatus, ExecutionStep
from tests.connectors.replay import SAMPLES, Opened, Replay, answer, sample
from tests.connectors.rows import runs_of, unreadable_of

PROVIDERS = find_providers()
DOORS = sorted(file.parent.relative_to(SAMPLES).as_posix() for file in SAMPLES.rglob("settings.json"))
BOUND = {"steps"}
"Fields that a resolver binds, and no attribute gives."

each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
each_door = pytest.mark.parametrize("door", DOORS)


def settings_of(door: str) -> SourceSettings:
    """The settings of a door's sample."""

    def secret(kind: type, text: Any) -> Secret:
        assert kind is Secret
        return Secret(text)

    kind = PROVIDERS[door.split("/", maxsplit=1)[0]].settings
    return msgspec.convert(json.loads((SAMPLES / door / "settings.json").read_bytes()), kind, dec_hook=secret)


def connected(door: str, *answers: Any) -> tuple[Connector, Replay]:
    """A connector of a provider as the settings make it, tokens fetched aside."""
    http = Replay(*answers)
    provider = PROVIDERS[door.split("/", maxsplit=1)[0]]
    return provider.connect("source-1", settings_of(door), Opened(TokensAside(http))), http


class TokensAside:
    """Gives a token to whoever asks for one; everything else goes on."""

    def __init__(self, http: Replay) -> None:
        self._http = http

    async def send(self, request: Request) -> Response:
        if "/auth/jwt/" in request.path:
            return answer(b"a.b.c")
        if request.path in ("", "/iam/v1/tokens") and b"query" not in (request.body or b""):
            return answer({"access_token": "token", "iamToken": "token"})
        return await self._http.send(request)


def missing(door: str) -> str:
    """The door's answer to a look-up of what is not there."""
    (file,) = (SAMPLES / door).glob("missing.*.json")
    return file.relative_to(SAMPLES).as_posix()


async def one_page(door: str, *answers: Any, query: ExecutionQuery | None = None) -> Page:
    connector, _ = connected(door, *answers)
    partition = "workflow-1" if connector.capabilities.partitioned else WHOLE_SOURCE
    return await connector.list_executions(partition, query or ExecutionQuery(), None)


async def some_run(door: str) -> Execution:
    """A run as the door's sample shows it."""
    return runs_of(await one_page(door, f"{door}/executions_one_unreadable.200.json"))[0]


# the declaration


@each_provider
def test_a_provider_has_one_name_all_the_way(provider: Provider) -> None:
    """Module, SDL file, samples, enum value, prefix of its types."""
    assert re.fullmatch(r"[a-z][a-z0-9]*", provider.name)
    assert provider.title
    assert provider.name in DOORS
    assert provider.connect.__module__.startswith(f"connectors.providers.{provider.name}")
    (enum,) = [node for node in sdl_of(provider) if isinstance(node, EnumTypeExtensionNode)]
    assert (enum.name.value, [value.name.value for value in enum.values or ()]) == (
        "ExecutionProvider",
        [provider.name.upper()],
    )


@each_provider
def test_a_provider_says_sanely_what_it_can_do(provider: Provider) -> None:
    can = provider.capabilities
    assert 1 <= can.page_size <= 1000
    assert ExecutionStatus.SUCCEEDED in can.statuses and ExecutionStatus.FAILED in can.statuses
    assert ExecutionStatus.UNKNOWN in can.statuses, "there are always words to come"
    assert can.pushes_down <= frozenset(Filter)
    assert (Filter.WORKFLOWS in can.pushes_down) <= (not can.partitioned)
    assert not (can.order_promised and not can.orders), "an order that is promised is named"
    assert can.orders or can.paging is Paging.NONE or {Filter.STARTED_FROM, Filter.STARTED_TO} <= can.pushes_down, (
        "without an order a list is read in windows of time"
    )
    assert can.rate.requests >= 1 and can.rate.seconds > 0, "a limiter lets nothing through below one request"
    assert can.steps_per_call >= 0 and can.max_connections >= 1
    assert can.retention is None or can.retention.days >= 1
    execution, _ = models_of(provider)
    names = {snake(field) for field in can.fields_from_detail | can.fields_from_steps}
    assert names <= {field.name for field in fields(execution)}


@each_provider
def test_a_provider_that_says_it_deletes_can(provider: Provider) -> None:
    connector, _ = connected(provider.name)
    assert hasattr(connector, "delete_execution") is provider.capabilities.deletes


@each_provider
def test_settings_name_the_source_and_keep_secrets_secret(provider: Provider) -> None:
    by_name = {field.name: field for field in fields(provider.settings)}
    assert issubclass(provider.settings, SourceSettings)
    assert by_name.keys() >= {"provider", "base_url", "workflow_ids", "requests_per_second", "timeout_seconds"}
    for name, field in by_name.items():
        is_secret = any(word in name for word in ("token", "secret", "password", "key")) and not name.endswith("_url")
        assert ("Secret" in str(field.type)) <= (is_secret or name == "client_id"), name
        assert is_secret <= ("Secret" in str(field.type)), f"{name} is a secret by its name"
        if name.endswith("_url") and field.default is not NODEFAULT and field.default is not None:
            assert field.default.startswith("https://")


@each_door
def test_the_settings_of_the_sample_are_whole(door: str) -> None:
    assert settings_of(door).problem() is None


@each_door
def test_a_connector_is_called_as_the_operator_calls_its_source(door: str) -> None:
    connector, http = connected(door)
    assert connector.name == "source-1"
    assert connector.provider == door.split("/", maxsplit=1)[0].upper()
    assert connector.capabilities.statuses <= frozenset(ExecutionStatus)
    assert http.requests == [], "nothing is asked before it is wanted"
    for call in (connector.workflows, connector.list_executions, connector.get_executions, connector.list_steps):
        assert inspect.iscoroutinefunction(call)


# the schema


def sdl_of(provider: Provider) -> Sequence[Any]:
    text = provider.sdl or (SCHEMA / "providers" / f"{provider.name}.graphql").read_text(encoding="utf-8")
    return parse(text).definitions


def types_of(provider: Provider) -> dict[str, ObjectTypeDefinitionNode]:
    """A provider's types, by the interface that each implements."""
    types = [node for node in sdl_of(provider) if isinstance(node, ObjectTypeDefinitionNode)]
    return {interface.name.value: node for node in types for interface in node.interfaces or ()}


def interface_fields(name: str) -> Sequence[FieldDefinitionNode]:
    shared: Any = parse((SCHEMA / "execution.graphql").read_text(encoding="utf-8")).definitions
    (interface,) = [node for node in shared if node.name.value == name and node.kind.startswith("interface")]
    found: Sequence[FieldDefinitionNode] = interface.fields
    return found


def models_of(provider: Provider) -> tuple[type[Execution], type[ExecutionStep]]:
    """The Python twins of a provider's two types."""
    types = types_of(provider)
    (execution,) = [one for one in Execution.__subclasses__() if one.__name__ == types["Execution"].name.value]
    (step,) = [one for one in ExecutionStep.__subclasses__() if one.__name__ == types["ExecutionStep"].name.value]
    return execution, step


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: f"_{match[1].lower()}", name)


@each_provider
def test_each_field_of_a_providers_types_has_an_attribute(provider: Provider) -> None:
    types = types_of(provider)
    assert types.keys() == {"Execution", "ExecutionStep"}
    for node, model in zip((types["Execution"], types["ExecutionStep"]), models_of(provider), strict=True):
        for field in node.fields or ():
            name = snake(field.name.value)
            assert name in BOUND or hasattr(model, name), f"{model.__name__}.{name}"


@each_provider
def test_each_attribute_of_a_providers_own_is_in_the_schema(provider: Provider) -> None:
    inner = {"is_in_full"}  # of Informer's steps
    types = types_of(provider)
    models: tuple[Any, ...] = models_of(provider)
    for node, model in zip((types["Execution"], types["ExecutionStep"]), models, strict=True):
        base: Any = Execution if issubclass(model, Execution) else ExecutionStep
        shared = {field.name for field in fields(base)}
        own = {field.name for field in fields(model)} - shared - inner
        assert own <= {snake(field.name.value) for field in node.fields or ()}, model.__name__


@each_provider
def test_a_providers_types_are_called_by_its_name_and_have_the_shared_fields(provider: Provider) -> None:
    types = types_of(provider)
    assert types["Execution"].name.value.lower() == f"{provider.name}execution"
    assert types["ExecutionStep"].name.value.lower() == f"{provider.name}step"
    for interface, node in types.items():
        own = {field.name.value for field in node.fields or ()}
        assert {field.name.value for field in interface_fields(interface)} <= own


@each_provider
def test_the_provider_of_a_run_is_the_schemas_word(provider: Provider) -> None:
    execution, _ = models_of(provider)
    assert execution.provider == provider.name.upper()


# lists and look-ups


@each_door
async def test_an_empty_list_is_an_empty_page(door: str) -> None:
    page = await one_page(door, f"{door}/executions_none.200.json")

    assert (list(runs_of(page)), page.next_cursor, list(unreadable_of(page))) == ([], None, [])


@each_door
async def test_an_unreadable_record_spoils_itself_only(door: str) -> None:
    page = await one_page(door, f"{door}/executions_one_unreadable.200.json")

    (good,) = runs_of(page)
    (bad,) = unreadable_of(page)
    assert good.source == "source-1"
    assert good.key.execution and good.key.workflow
    assert bad.native_id is not None and "unreadable" in bad.native_id
    assert bad.reason


def records_in(body: Any) -> list[Any]:
    """The list of records in a sample, wherever it lies: the one with two elements that have ids."""
    if isinstance(body, list):
        return body
    inner = [records_in(value) for value in body.values() if isinstance(value, dict | list)]
    return next((one for one in inner if len(one) == 2), [])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
) | st.sampled_from([
    None, "", "9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z", "999999999999.999999999s", "-1s",
    10**18, -(10**18), "9" * 18, ["Long", 10**18], 1e308, -1e308, "completed", "FINISHED", "COMPLETE", True, "\ud800",
])  # fmt: skip


@each_door
@settings(max_examples=200)
@given(data=st.data(), values=st.lists(anything, min_size=1, max_size=4))
async def test_whatever_stands_in_its_fields_costs_a_record_itself_at_the_most(
    door: str, data: st.DataObject, values: list[object]
) -> None:
    body = json.loads(sample(f"{door}/executions_one_unreadable.200.json").body)
    record = records_in(body)[0]
    for value in values:
        record[data.draw(st.sampled_from(sorted(record)))] = value

    page = await one_page(door, answer(body))

    assert len(runs_of(page)) + len(unreadable_of(page)) == 2
    for run in runs_of(page):
        assert run.elapsed_ns is None or isinstance(run.elapsed_ns, int)
    for row in page.rows():
        if isinstance(found := row.read(), Execution):
            assert (row.key, row.started) == (found.key, None if found.started_at is None else found.started_at.ns)


@each_door
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"7", b'"text"', b"<html></html>", b"{", b'{"data":7}', b"\xff", b"[" * 100_000, b'[{"id":"\xff"}]'],
)
async def test_a_body_in_no_known_shape_is_a_connectors_error_or_a_page(door: str, body: bytes) -> None:
    connector, _ = connected(door, lambda _: answer(body))
    run = await some_run(door)
    for call in (
        connector.workflows(),
        one_page(door, answer(body)),
        connector.get_executions([run.key]),
        connector.list_steps([run]),
    ):
        try:
            await call
        except ConnectorError as error:
            assert len(error.message) < 400


@each_door
async def test_what_is_not_there_is_not_in_the_answer(door: str) -> None:
    connector, http = connected(door, lambda _: missing(door))

    assert await connector.get_executions([NativeId("workflow-1", "gone")]) == {}
    assert len(http.requests) == 1


@each_door
async def test_nothing_is_asked_for_when_nothing_is_wanted(door: str) -> None:
    connector, http = connected(door)

    assert await connector.get_executions([]) == {}
    assert await connector.list_steps([]) == {}
    assert http.requests == []


def first_fails(then: Any) -> Callable[[Request], Any]:
    failures = iter([answer({}, 500)])
    return lambda _: next(failures, then)


@each_door
async def test_a_look_up_that_fails_spoils_no_other(door: str) -> None:
    connector, http = connected(door, first_fails(missing(door)))
    keys = [NativeId("workflow-1", f"run-{index}") for index in range(60)]

    found = await connector.get_executions(keys)

    assert 1 <= len(found) < len(keys)
    assert {type(error) for error in found.values()} == {UnreachableError}
    assert len(http.requests) > 1


@each_door
async def test_steps_that_cannot_be_had_spoil_no_others(door: str) -> None:
    connector, http = connected(door, first_fails(missing(door)))
    run = await some_run(door)
    runs = [replace(run, key=NativeId("workflow-1", f"run-{index}")) for index in range(60)]

    found = await connector.list_steps(runs)

    if not http.requests:
        assert {type(error) for error in found.values()} == {UnsupportedError}, "it tells no steps at all"
        return
    errors = [error for error in found.values() if isinstance(error, ConnectorError)]
    assert 1 <= len(errors) < len(runs)
    assert all(isinstance(steps, StepList) for steps in found.values() if steps not in errors)


@each_door
async def test_an_outage_is_an_error_of_the_list_and_of_the_workflows(door: str) -> None:
    with pytest.raises(UnreachableError):
        await one_page(door, UnreachableError("down"))
    connector, http = connected(door, lambda _: UnreachableError("down"))
    try:
        await connector.workflows()
    except UnreachableError:
        return
    assert http.requests == [], "workflows that came without a call are those of the settings"


# ids from outside


def calls(connector: Connector, run: Execution) -> Iterator[tuple[str, Any]]:
    """Every call that takes ids, with those of a run."""
    yield "list", connector.list_executions(run.key.workflow, ExecutionQuery(), None)
    yield "get", connector.get_executions([run.key])
    yield "steps", connector.list_steps([run])
    if connector.capabilities.deletes:
        yield "delete", connector.delete_execution(run.key)  # type: ignore[attr-defined]


async def sent_for(door: str, run: Execution) -> dict[str, list[Request]]:
    """The requests that each call makes for a run."""
    found: dict[str, list[Request]] = {}
    connector, http = connected(door, lambda _: f"{door}/executions_none.200.json")
    for name, call in calls(connector, run):
        before = len(http.requests)
        try:
            await call
        except MissingError:
            assert len(http.requests) == before, "an id that cannot be is not asked for"
        except ConnectorError:
            pass  # the answer is that of a list
        found[name] = http.requests[before:]
    return found


WICKED = ["../", "..", ".", "%2e%2e", "%2F", "/", "//", "\\", "?", "#", "&", ";", "\r\n", '"', "'", "{}", "{0}", "\x00"]
ids = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*WICKED, "a", "ü", "\u202e", "😀", "\ud800"]), max_size=8).map("".join),
    st.sampled_from(["x" * 513, "execution-x-2023.13.45", "~", "tenant:slug"]),
)
SAFE_PATH = re.compile(r"(/[A-Za-z0-9_.~%-]+)*")


@each_door
@settings(max_examples=60)
@example(workflow="../../admin", execution="..")
@example(workflow="a/b", execution="%2e%2e%2fadmin\r\nX-Evil: 1")
@example(workflow="\ud800", execution="\udfff")
@given(workflow=ids, execution=ids)
async def test_an_id_stays_inside_its_segment_whatever_it_holds(door: str, workflow: str, execution: str) -> None:
    """The path has the parts that it has for any id, and where ids stand they are these, escaped."""
    run = replace(await some_run(door), key=NativeId("WORKFLOW", "EXECUTION"))
    usual = await sent_for(door, run)
    sent = await sent_for(door, replace(run, key=NativeId(workflow, execution)))

    for name, requests in sent.items():
        assert len(requests) <= len(usual[name])
        for request, known in zip(requests, usual[name], strict=False):
            assert (request.method, request.is_read) == (known.method, known.is_read)
            assert SAFE_PATH.fullmatch(request.path)
            parts, known_parts = request.path.split("/"), known.path.split("/")
            assert [unquote(part) for part in parts] == [
                {"WORKFLOW": workflow, "EXECUTION": execution}.get(part, part) for part in known_parts
            ]
            assert ".." not in parts and "." not in parts
            assert [key for key, _ in request.params] == [key for key, _ in known.params]
            assert all("\n" not in value and "\r" not in value for _, value in request.headers)
            if request.body is not None:
                assert json.loads(request.body).keys() == json.loads(known.body or b"{}").keys()


# filters

texts = st.text(max_size=20) | st.sampled_from(['" or 1 eq 1', "FAILED AND status=RUNNING", "started_at>0"])
times = st.none() | st.integers(-62_135_596_800 * SECOND + SECOND, LAST * SECOND)
queries = st.builds(
    ExecutionQuery,
    order=st.sampled_from(ExecutionOrder),
    workflow_ids=st.none() | st.frozensets(texts, max_size=3),
    statuses=st.none() | st.frozensets(st.sampled_from(ExecutionStatus), max_size=3),
    started=st.builds(Range, times, times),
    ended=st.builds(Range, times, times),
    workflow_name_contains=st.none() | texts,
    error_contains=st.none() | texts,
    any_step=st.none() | st.builds(StepFilter, name_contains=texts, types=st.frozensets(texts, max_size=2)),
)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"
YANDEX = re.compile(rf"status=[A-Z]+|started_at[<>]{TIME}")
SAILPOINT = re.compile(rf'(start_time (ge|lt) "{TIME}"|status eq "(Completed|Failed|Canceled)")( and (?!$)|$)')


@given(query=queries)
def test_no_callers_text_is_in_a_filter_of_yandex(query: ExecutionQuery) -> None:
    predicate = filter_for(query)
    assert predicate is None or YANDEX.fullmatch(predicate)


@given(query=queries)
def test_no_callers_text_is_in_a_filter_of_sailpoint(query: ExecutionQuery) -> None:
    filters = filters_for(query)
    assert filters is None or "".join(match[0] for match in SAILPOINT.finditer(filters)) == filters


@each_door
@settings(max_examples=40)
@given(query=queries)
async def test_a_filter_never_leaves_out_a_run_that_matches(door: str, query: ExecutionQuery) -> None:
    """Push-down is an optimisation: the sample's run, where it matches, may be asked for by what is sent.

    What is sent is checked by hand for each provider; here, that a query it matches is asked at all.
    """
    run = await some_run(door)
    assume(query.workflow_ids is None)
    connector, http = connected(door, lambda _: f"{door}/executions_one_unreadable.200.json")
    page = await connector.list_executions(run.key.workflow, query, None)

    if query.matches(run):
        assert http.requests
        assert run.key in [one.key for one in runs_of(page)]


@each_provider
def test_a_sample_is_named_by_what_it_shows_and_its_status(provider: Provider) -> None:
    files = [file for file in (SAMPLES / provider.name).rglob("*") if file.is_file() and file.name != "settings.json"]
    assert files
    for file in files:
        assert re.fullmatch(r"[a-z0-9_]+\.[2-5]\d\d\.(json|html)", file.name), file.name
        if file.suffix == ".json":
            json.loads(Path(file).read_bytes())


@each_door
async def test_a_record_is_passed_on_as_it_came(door: str) -> None:
    """To the byte: nothing that a provider sends is lost for want of a field of ours."""
    run = await some_run(door)

    assert run.raw is not None
    assert bytes(run.raw) in sample(f"{door}/executions_one_unreadable.200.json").body
