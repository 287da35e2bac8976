"""Finds the providers: modules beside us, and those that installed packages name as entry points."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points

from connectors import providers as ours
from connectors.declaration import Provider

GROUP = "histograph.connectors"


def find_providers() -> Mapping[str, Provider]:
    """All providers by name.

    Raises:
        ValueError: Two have the same name, or an entry point leads to something else.
    """
    found = [import_module(f"{ours.__name__}.{module.name}").PROVIDER for module in pkgutil.iter_modules(ours.__path__)]
    for point in entry_points(group=GROUP):
        provider = point.load()
        if not isinstance(provider, Provider):
            raise ValueError(f"the entry point {point.name!r} of {GROUP} is not a Provider")
        found.append(provider)
    by_name = {provider.name: provider for provider in found}
    if len(by_name) < len(found):
        raise ValueError(f"two providers share a name: {sorted(provider.name for provider in found)}")
    return by_name
