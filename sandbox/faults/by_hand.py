"""Faults on a command line: what may be asked for, and the answer to «which are there?»."""

from collections.abc import Iterable, Mapping

from sandbox.faults.fault import Fault
from sandbox.faults.order import SCOPE, FaultError, parse_order
from sandbox.faults.registry import FAULTS
from sandbox.faults.scope import Order
from sandbox.faults.targets import Target


def read_orders(texts: Iterable[str], providers: Iterable[str]) -> Mapping[str, Order]:
    """The orders of a command line, by provider.

    Raises:
        FaultError: One of them cannot be carried out, or two are for one provider.
    """
    known, orders = list(providers), dict[str, Order]()
    for text in texts:
        provider, order = parse_order(text)
        if provider not in known:
            raise FaultError(f"{text!r}: there is no provider {provider!r}; there are {', '.join(known)}")
        if provider in orders:
            raise FaultError(f"{text!r}: {provider} has {orders[provider].fault.name} already")
        orders[provider] = order
    return orders


def table() -> str:
    """All faults with what they do and what may be set about them."""
    width = max(map(len, FAULTS))
    lines = [f"  {fault.name:<{width}}  {fault.kind:<9}  {_told(fault)}" for fault in FAULTS.values()]
    scope = f"""
Every fault but those of the port (refuse, swallow, tls-*, plain-on-tls) may be kept to some calls:
  of=WHAT     what they ask for: all, or some of {"+".join(Target)}
  only=TEXT   their path contains it
  every=N     the n-th, the 2n-th and so on; since=N: from the n-th on; first=N: so many at most
Tokens are spared unless `of` or `only` says otherwise; faults of records and pages hit lists of executions.

  --fault boomi=slow-drip --fault yandex=429-seconds:seconds=2,every=3"""
    assert set(SCOPE) == {"of", "only", "every", "since", "first"}  # noqa: S101  (as told above)
    return "\n".join([*lines, scope])


def _told(fault: Fault) -> str:
    settable = ", ".join(f"{name}={parameter.default}" for name, parameter in fault.parameters.items())
    return fault.description + (f" [{settable}]" if settable else "")
