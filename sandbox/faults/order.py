"""Orders as they are read: from the keywords of a test, or from the text of a command line."""

from collections.abc import Mapping
from difflib import get_close_matches

from sandbox.door import Port
from sandbox.faults.fault import Fault, Parameter, Value
from sandbox.faults.registry import FAULTS
from sandbox.faults.scope import Order, Scope
from sandbox.faults.targets import ALL, Target


class FaultError(ValueError):
    """An order that cannot be carried out."""


SCOPE = {
    "of": Parameter(""),
    "only": Parameter(""),
    "every": Parameter(1, 1),
    "since": Parameter(1, 1),
    "first": Parameter(0),
}


def read_order(name: str, given: Mapping[str, object]) -> Order:
    """The order of a fault by name; numbers may be given as text.

    Raises:
        FaultError: There is no such fault, or no such parameter, or its value will not do.
    """
    fault = FAULTS.get(name)
    if fault is None:
        raise FaultError(f"there is no fault {name!r}{_near(name, FAULTS)}; --list-faults shows all")
    known = {**fault.parameters, **(SCOPE if fault.port is Port.OPEN else {})}
    values = {name: parameter.default for name, parameter in known.items()}
    for parameter, value in given.items():
        if parameter not in known:
            has = ", ".join(known) or "none"
            raise FaultError(f"{name} has no parameter {parameter!r}{_near(parameter, known)}; it has {has}")
        values[parameter] = _value(name, parameter, known[parameter], value)
    parameters = {name: values[name] for name in fault.parameters}
    return Order(fault, parameters, _scope(fault, values) if fault.port is Port.OPEN else Scope(frozenset()))


def parse_order(text: str) -> tuple[str, Order]:
    """A provider and an order from `boomi=slow-drip` or `yandex=429-seconds:seconds=2,every=3`.

    Raises:
        FaultError: As above, or the text has another form.
    """
    provider, is_there, rest = text.partition("=")
    if not is_there or not provider:
        raise FaultError(f"{text!r} is not PROVIDER=FAULT or PROVIDER=FAULT:NAME=VALUE,NAME=VALUE")
    name, _, tail = rest.partition(":")
    given: dict[str, object] = {}
    for part in tail.split(",") if tail else []:
        parameter, is_there, value = part.partition("=")
        if not is_there:
            raise FaultError(f"{text!r}: {part!r} is not NAME=VALUE")
        given[parameter] = value
    return provider, read_order(name, given)


def _scope(fault: Fault, values: Mapping[str, Value]) -> Scope:
    of, only = str(values["of"]), str(values["only"])
    if not of:
        targets = ALL if only else fault.targets
    elif of == "all":
        targets = ALL
    else:
        names = of.split("+")
        if wrong := [name for name in names if name not in set(Target)]:
            raise FaultError(f"{fault.name}: of={wrong[0]} is none of all, {', '.join(Target)}")
        targets = frozenset(map(Target, names))
    return Scope(targets, only, int(values["every"]), int(values["since"]), int(values["first"]) or fault.first)


def _value(fault: str, name: str, parameter: Parameter, given: object) -> Value:
    kind = type(parameter.default)
    wanted = {int: "a whole number", float: "a number", str: "a text"}[kind]
    try:
        value: Value = kind(str(given))
    except ValueError:
        raise FaultError(f"{fault}: {name}={given} is not {wanted}") from None
    if not isinstance(value, str) and not value >= parameter.least:
        raise FaultError(f"{fault}: {name}={given} is less than {parameter.least:g}")
    return value


def _near(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
