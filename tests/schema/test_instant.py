"""Points in time, from the text that a provider sends to the text that we write."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.instant import Instant, are_times

LIKE_A_TIME = re.compile(
    r"(0001|9999|20[0-9]{2})-(02|1[0-2])-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,12})?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES), st.sampled_from("T t"))
def test_any_offset_means_the_same_moment_in_utc(moment: datetime, separator: str) -> None:
    found = Instant.parse(moment.isoformat(separator, "microseconds"))

    assert found.text == moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert found.ns == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T07:59:45Z", "2026-11-20T07:59:45.430Z", "2026-11-20T07:59:45.430025598Z", "1969-07-20T20:17:40Z"],
)
def test_what_is_written_as_we_write_it_stays_as_it_is(text: str) -> None:
    assert Instant.parse(text).text == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-20t07:59:45z", "2026-11-20T07:59:45Z"),
        ("2026-11-20 07:59:45.5+00:00", "2026-11-20T07:59:45.5Z"),
        ("2026-11-20T07:59:45.1234567891234Z", "2026-11-20T07:59:45.123456789Z"),
        ("2026-11-20T01:30:00-0830", "2026-11-20T10:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ],
)
def test_other_spellings_are_written_in_ours(text: str, written: str) -> None:
    found = Instant.parse(text)

    assert found.text == written
    assert found == Instant.parse(written)


NO_TIMES = [
    "2026-11-20",
    "2026-11-20T07:59Z",
    "2026-11-20T07:59:45",
    "2026-02-30T07:59:45Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T07:60:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "2026-W47-5T07:59:45Z",
    "２026-11-20T07:59:45Z",
    "2026-11-20T07:59:45.1２Z",
    "2026-11-20T07:59:45.1_2Z",
    "2026-11-20T07:59:45.-2Z",
    "2026-11-20T07:59:45.Z",
    "2026-11-20T07:59:45Z12Z",
    "2026-W0-20T07:59:45Z",
    "",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Instant.parse(text)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES), st.sampled_from("T t"))
def test_times_are_told_to_be_such_all_at_once(moment: datetime, separator: str) -> None:
    assert are_times(["2026-11-20T07:59:45Z", moment.isoformat(separator, "milliseconds")])


@pytest.mark.parametrize("text", [*NO_TIMES, "9999-12-31T23:59:59-01:00"])
def test_one_that_is_no_time_is_found_among_those_that_are(text: str) -> None:
    assert are_times(["2026-11-20T07:59:45Z", "2026-11-20T07:59:45.430025598Z"])
    assert not are_times(["2026-11-20T07:59:45Z", text, "2026-11-20T07:59:45.430025598Z"])


@given(st.text("0123456789-+:.TtZz ", min_size=19, max_size=30) | st.from_regex(LIKE_A_TIME, fullmatch=True))
def test_what_is_told_to_be_a_time_can_be_read(text: str) -> None:
    if are_times([text]):
        assert Instant.parse(text).text


def test_none_at_all_are_times() -> None:
    assert are_times([])


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_793_520_000_500_000_000, "2026-11-01T08:00:00.500Z"),
        (-62_135_596_800 * 10**9, "0001-01-01T00:00:00Z"),
        (253_402_300_800 * 10**9, "10000-01-01T00:00:00Z"),
    ],
)
def test_nanoseconds_are_written_in_full_even_past_the_last_year(ns: int, text: str) -> None:
    """Bounds that were asked for are widened, and have to be written to a source all the same."""
    assert Instant.of(ns).text == text
