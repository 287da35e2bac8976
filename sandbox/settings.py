"""Settings for the application, written for a sandbox: a `histograph.toml`, and each secret in a file of its own."""

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.providers.base import Settings

SECRETS = frozenset({"api_token", "service_account_key", "client_id", "client_secret"})


def write_settings(directory: Path, sources: Mapping[str, Settings]) -> Path:
    """Write them into a directory, which is made if it is not there. Gives the path of `histograph.toml`."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    lines = ["# Written by the sandbox: its five sources, as long as it is up."]
    for source, table in sources.items():
        lines += ["", f"[sources.{source}]"]
        for key, value in table.items():
            if key in SECRETS:
                secret = _write_secret(directory, source, key, str(value))
                lines.append(f"{key} = {{ file = {json.dumps(str(secret), ensure_ascii=False)} }}")
            else:
                lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    path = directory / "histograph.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _write_secret(directory: Path, source: str, key: str, secret: str) -> Path:
    path = directory / f"{source}.{key}{'.json' if key == 'service_account_key' else ''}"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(secret, "utf-8")
    return path
