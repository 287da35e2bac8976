"""How tries of a benchmark are told."""

from bench.figures import Figure, plain, ratio


def test_several_tries_are_told_by_the_middle_one_and_their_ends() -> None:
    assert str(Figure.of([3.0, 1.0, 2.0])) == "2.00 (1.00-3.00)"


def test_one_try_has_no_spread() -> None:
    assert str(Figure.of([412.3])) == "412"


def test_as_many_digits_are_shown_as_can_matter() -> None:
    assert [plain(value) for value in (0.123, 12.34, 1234.5)] == ["0.12", "12.3", "1,234"]


def test_a_ratio_to_nothing_is_a_dash() -> None:
    assert ratio(3, 2) == "1.50 ×"
    assert ratio(3, 0) == "-"
