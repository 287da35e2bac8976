"""`histograph.toml`: read once, at start, checked whole. What is wrong is told in a line each, with its place.

A secret is never text in the file: `{ env = "NAME" }` or `{ file = "path" }`, the path relative to the file.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from connectors.caches import CacheSettings
from connectors.declaration import Provider, SourceSettings
from connectors.http.auth import Secret
from engine.limits import Limits
from serving.editions import Edition
from serving.trusted import Manifest, TrustedDocuments

COMPILED = "HISTOGRAPH_COMPILED"
"An environment variable; `off` turns compiled selections off where the file says nothing."
SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", flags=re.ASCII)
PATH_OF_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?", flags=re.DOTALL)


class ServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`."""

    host: str = "127.0.0.1"
    port: int = 8000
    deadline_seconds: float = 10.0
    "How long a query may take; what is known by then is its answer."
    allow_delete: bool = False
    "Lets the mutation deleteExecution through."
    cursor_key: Secret | None = None
    "Signs cursors. The same for all processes of one service; without one, a fixed key tells accidents only."
    log_level: str = "info"
    "debug, info, warning or error."
    compiled: bool = msgspec.field(default_factory=lambda: os.environ.get(COMPILED) != "off")
    "Completes answers by compiled selections; otherwise field by field, with the same result."
    http_edition: Edition = Edition.DRAFTS
    "Of GraphQL over HTTP: drafts, as most clients know it, or 2026-09."
    spaces_source: str | None = None
    "The source that answers `/spaces/graphql`, as Boomi Spaces does; without one there is no such address."
    trusted_documents: TrustedDocuments | None = None
    "A manifest of documents by their sha256, and what becomes of others: off, log or enforce."

    def problem(self) -> str | None:
        """What is wrong with the values."""
        if not 0 < self.deadline_seconds <= 300:
            return "deadline_seconds has to be between 0 and 300"
        if not 0 <= self.port <= 65535:
            return "port has to be between 0 and 65535"
        if self.log_level not in {"debug", "info", "warning", "error"}:
            return "log_level has to be debug, info, warning or error"
        return None


AnySettings = TypeVar("AnySettings", ServerSettings, Limits, CacheSettings, SourceSettings)


class Settings(Struct, frozen=True, kw_only=True):
    """The whole file."""

    server: ServerSettings
    limits: Limits = Limits()
    cache: CacheSettings = CacheSettings()
    sources: dict[str, SourceSettings]


class SettingsError(Exception):
    """One line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_settings(file: Path, providers: Mapping[str, Provider]) -> Settings:
    """Reads and checks the file.

    Raises:
        SettingsError: With every problem found, each with file and line.
    """
    try:
        text = file.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror or error}"]) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"{file}: not TOML: {error}"]) from None
    return Reading(file, text, providers).settings(tree)


class Reading:
    """One file being read; collects problems."""

    def __init__(self, file: Path, text: str, providers: Mapping[str, Provider]) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._providers = providers
        self._problems: list[str] = []

    def settings(self, tree: Mapping[str, Any]) -> Settings:
        """The settings, when nothing is wrong."""
        for name in tree.keys() - {"server", "limits", "cache", "sources"}:
            self._tell([name], f"unknown table [{name}]; there are [server], [limits], [cache] and [sources.<name>]")
        server = self._table(["server"], tree.get("server", {}), ServerSettings)
        limits = self._table(["limits"], tree.get("limits", {}), Limits)
        cache = self._table(["cache"], tree.get("cache", {}), CacheSettings)
        tables = tree.get("sources", {})
        if not isinstance(tables, dict) or not tables:
            self._tell(["sources"], "no source is configured: there has to be a [sources.<name>] table")
            tables = {}
        sources = {name: self._source(name, table) for name, table in tables.items()}
        if server is not None:
            self._check_door(server.spaces_source, sources)
        if self._problems or server is None or limits is None or cache is None:
            raise SettingsError(self._problems)
        known = {name: one for name, one in sources.items() if one is not None}
        return Settings(server=server, limits=limits, cache=cache, sources=known)

    def _source(self, name: str, table: Any) -> SourceSettings | None:
        """One source's table; None when it is wrong, which has been told then."""
        path = ["sources", name]
        kind = table.get("provider") if isinstance(table, dict) else None
        known = ", ".join(sorted(self._providers))
        if SOURCE_NAME.fullmatch(name) is None:
            self._tell(path, f"{name!r} cannot be a source's name: letters, digits, dot, dash, underscore")
        elif kind is None:
            self._tell(path, f'provider is missing: provider = "…", one of {known}')
        elif not isinstance(kind, str) or kind not in self._providers:
            self._tell([*path, "provider"], f"unknown provider {kind!r}: there are {known}")
        else:
            settings = self._table(path, table, self._providers[kind].settings)
            if settings is not None:
                self._check_fields(path, settings)
            return settings
        return None

    def _check_door(self, name: str | None, sources: Mapping[str, SourceSettings | None]) -> None:
        """The source of the Spaces-compatible door is there, and its provider has one."""
        path = ["server", "spaces_source"]
        if name is not None and name not in sources:
            self._tell(path, f"spaces_source names no source: there is no [sources.{name}]")
        elif name is not None and (source := sources[name]) and self._providers[source.provider].door is None:
            self._tell(path, f"spaces_source: {name} is a source of {source.provider}, which has no such door")

    def _check_fields(self, path: list[str], settings: SourceSettings) -> None:
        """What types alone do not say, for the settings that all sources have."""
        for field in settings.__struct_fields__:
            value = getattr(settings, field)
            if field.endswith("_url") and value is not None and (wrong := _wrong_with_url(value)):
                self._tell([*path, field], f"{field} {wrong}")
        for field in ("requests_per_second", "max_connections", "timeout_seconds"):
            value = getattr(settings, field)
            if value is not None and value <= 0:
                self._tell([*path, field], f"{field} has to be above 0")

    def _table(self, path: list[str], table: Any, kind: type[AnySettings]) -> AnySettings | None:
        """A table as its struct; None when it is wrong, which has been told then."""
        try:
            settings = msgspec.convert(table, kind, dec_hook=self._kept_elsewhere)
        except msgspec.ValidationError as error:
            self._tell_invalid(path, str(error))
            return None
        if (problem := settings.problem()) is not None:
            self._tell(path, problem)
        return settings

    def _tell_invalid(self, path: list[str], said: str) -> None:
        match = PATH_OF_PROBLEM.fullmatch(said)
        what, where = (match["what"], match["where"]) if match else (said, None)
        field = where or next(iter(re.findall(r"`([^`]+)`", what)), "")
        what = what.replace("Object contains unknown field", "unknown setting")
        what = what.replace("Object missing required field", "missing setting")
        self._tell([*path, field], f"{where}: {what}" if where else what)

    def _kept_elsewhere(self, kind: type, value: Any) -> Secret | Manifest:
        """What the file only says the place of."""
        if kind is Manifest and isinstance(value, str):
            return Manifest.read(self._file.parent / value)
        if kind is not Secret:
            raise ValueError("has to be a path")
        return self._secret(value)

    def _secret(self, value: Any) -> Secret:
        """A secret by where it is kept."""
        if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"env", "file"}:
            raise ValueError('a secret is given as { env = "NAME" } or { file = "path" }, never as text')
        ((where, name),) = value.items()
        if not isinstance(name, str):
            raise ValueError(f"{where} has to be text")
        if where == "env":
            text = os.environ.get(name, "")
            if not text:
                raise ValueError(f"the environment variable {name} is not set")
        else:
            try:
                text = (self._file.parent / name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"the file {name} cannot be read: {getattr(error, 'strerror', 'not text')}") from None
        if not text.strip():
            raise ValueError(f"the {where} {name} is empty")
        return Secret(text.strip())

    def _tell(self, path: list[str], problem: str) -> None:
        table = ".".join(path[:2] if path[0] == "sources" else path[:1])
        line = self._line(table, path[-1])
        where = f"{self._file}:{line}" if line else str(self._file)
        self._problems.append(f"{where}: [{table}] {problem}")

    def _line(self, table: str, key: str) -> int | None:
        """Where a table's key stands, or else the table. A guess by the look of lines, good for the usual layout."""
        header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(rf'"?{re.escape(part)}"?' for part in table.split(".")))
        inside, found = False, None
        for number, line in enumerate(self._lines, start=1):
            if line.lstrip().startswith("["):
                inside = header.match(line) is not None
                found = number if inside and found is None else found
            elif inside and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return number
        return found


def _wrong_with_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018  # read once, to see that it can be
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("http", "https") or not host:
        return "has to be an https address"
    if parts.username is not None or parts.query or parts.fragment:
        return "must hold no user, query or fragment"
    if parts.scheme == "http" and not _is_loopback(host):
        return "has to be https: plain http is for loopback hosts only"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
