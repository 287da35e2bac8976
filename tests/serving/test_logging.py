"""What is written down of a fault: where it came up, and none of the values at hand there."""

from collections.abc import Iterator

import pytest
import structlog

from app import set_up_logging


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_a_fault_is_logged_without_the_values_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info")
    secret = "canary" + "-Zq81"
    try:
        raise RuntimeError("the fault") from ValueError(len(secret))
    except RuntimeError as fault:
        structlog.get_logger("histograph.test").error("unexpected error", reference="r1", exc_info=fault)

    told = capsys.readouterr().err
    assert "reference=r1" in told
    assert "RuntimeError: the fault" in told
    assert "test_a_fault_is_logged" in told
    assert "canary-Zq81" not in told
