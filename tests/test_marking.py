"""The one rule that marks an answer: in Python against rounding as on paper, and the page's against Python's."""

import json
import random
from collections.abc import Iterator
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.matrix_io.files import ReadOptions, read_grid
from convcalc.practice.marking import is_right, is_rounded_too_far, mark
from convcalc.render.page import resource
from convcalc.report.document import Text
from tests.conftest import Convcalc


def written(text: str) -> Any:
    """Return a number with the digits that it is written with, as an answer is read."""
    return read_grid(text, ReadOptions(as_written=True)).cells[0, 0]


@pytest.mark.parametrize(
    ("given", "value", "right"),
    [
        ("3", 3, True),
        ("3.0", 3, True),
        ("3.25", Fraction(13, 4), True),
        ("13/4", 3.25, True),
        ("0.66", 0.6590011, True),
        ("0.659", 0.6590011, True),
        ("0.660", 0.6590011, False),
        ("0.6591", 0.6590011, False),
        ("0.7", 0.6590011, False),
        ("3", 3.25, False),
        ("3.3", Fraction(13, 4), False),
        ("1/3", Fraction(1, 3), True),
        ("1/3", 1 / 3, True),
        ("1/3", np.float32(1 / 3), True),
        ("2/3", 0.67, False),
        ("0.33", Fraction(1, 3), True),
        ("33/100", Fraction(1, 3), False),
        ("-1", 1, False),
        ("1.8888888888888888", Fraction(17, 9), True),  # as a float is printed
        ("1.8888888888867", Fraction(17, 9), False),
        ("1.88888888888888888", Fraction(17, 9), False),  # more digits than a float has
        ("3.00000000000001", Fraction(3), False),
        ("24691357802470", 24691357802469.0, False),  # exact as it is written
        ("100000000000005000000", 1e20, False),
        ("0.50000000000004", 0.5, False),
        ("0.6590011388859680", 0.6590011388859679, True),  # a last bit
        ("123456/1000000", 0.1234567, False),
        ("1234567/10000000", 0.1234567, True),
        ("2", 2.004, True),  # 2.00
        ("2.00", 2.004, True),
        ("2.000", 2.004, False),
        ("0.00", 0.003, True),
        ("0", 0.006, False),
        ("0.003", 0.003, True),
        ("0", 0.0, True),
        ("0.5", 0.4975, True),  # 0.50
        ("0.500", 0.4975, False),
        ("0.125", Fraction(1, 8), True),
        ("0.12", Fraction(1, 8), True),  # a half may go either way
        ("0.13", Fraction(1, 8), True),
        ("0.00005", 0.0024726, False),
        ("5e-05", 0.0024726, False),
        ("2.5e-3", 0.0024726, True),
        ("-0.00009", 0.004, False),
        ("-9e-05", -0.00009, True),
        ("1.10e20", 1.1e20, True),
        ("1.1e20", 1.104e20, False),
        ("1.10e20", 1.104e20, True),
        ("12345678901234567890123", 12345678901234567890123, True),
        ("12345678901234567890124", 12345678901234567890123, False),
        ("1e300", 10**300, True),
        ("1e-300", 1.4e-300, True),
        ("2e-300", 1.4e-300, False),
    ],
)
def test_a_number_is_right_if_it_is_the_value_rounded_to_the_digits_written(
    given: str, value: Any, right: bool
) -> None:
    assert is_right(written(given), value) is right


def rounded_on_paper(value: Fraction, exponent: int) -> set[Decimal]:
    """Return a value rounded to a power of ten, a half in either direction."""
    exactly = Context(prec=400).divide(Decimal(value.numerator), Decimal(value.denominator))
    return {
        exactly.quantize(Decimal((0, (1,), exponent)), way, Context(prec=400))
        for way in (ROUND_HALF_UP, ROUND_HALF_DOWN)
    }


def pairs(seed: int, number: int) -> Iterator[tuple[str, Any]]:
    """Yield answers as they are typed, near to values and far from them, of every magnitude and sign."""
    rng = random.Random(seed)
    for _ in range(number):
        magnitude = 10.0 ** rng.randint(-12, 9)
        value: Any = rng.choice(
            [
                rng.randint(-999, 999),
                round(rng.uniform(-9, 9), rng.randint(0, 6)) * magnitude,
                rng.uniform(-1, 1) * magnitude,
                Fraction(rng.randint(-99, 99), rng.randint(1, 64)),
            ]
        )
        exactly = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
        exponent = rng.randint(-14, 3)
        near = min(rounded_on_paper(exactly, exponent))
        off = rng.choice([0, 0, 1, -1]) * Decimal((0, (1,), exponent))
        text = rng.choice([format(near + off, "f"), format(near + off, "e"), str(exactly), str(rng.randint(-9, 9))])
        yield text, value


@pytest.mark.slow
def test_thousands_of_answers_are_right_exactly_if_they_round_so_on_paper() -> None:
    right = 0
    for text, value in pairs(1, 6000):
        exactly = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
        given = written(text)
        if "/" in text:
            assert is_right(given, value) is (given == exactly) or len(str(value)) > 7, (text, value)
            continue
        number = Decimal(text)
        if len(number.as_tuple().digits) >= 14:
            continue  # as fine as a float is itself
        last = number.as_tuple().exponent
        assert isinstance(last, int)
        accurate = last <= -2 or (last > 0 and len(number.as_tuple().digits) >= 3)
        expected = number in rounded_on_paper(exactly, last if accurate else -2)
        assert is_right(given, value) is expected, (text, value)
        assert is_rounded_too_far(given, value) is (not expected and number in rounded_on_paper(exactly, last))
        right += expected
    assert 1500 < right < 4500


@pytest.mark.parametrize(
    ("given", "value", "hint"),
    [
        ("2.2", 2.2395, True),
        ("2", 2.2395, True),
        ("2.3", 2.2395, False),
        ("2.23", 2.2395, False),  # two decimals already, and wrong
        ("0.00", 0.0061, False),
        ("3", 4, False),
    ],
)
def test_two_decimals_are_asked_for_only_where_more_digits_would_help(given: str, value: Any, hint: bool) -> None:
    marks = mark(np.array([written(given)], dtype=object), np.array([value]), ())
    assert (Text("  Near: give two decimals at least.") in marks.blocks()) is hint


@pytest.mark.slow
def test_the_page_marks_by_the_same_rule(chromium: Any) -> None:
    typed = [(text, str(value)) for text, value in pairs(2, 4000)]
    typed += [("1/3", str(1 / 3)), ("x", "3"), ("1/0", "3"), ("", "3"), (".", "0")]
    values = [value for _, value in pairs(2, 4000)] + [1 / 3]
    chromium.get("data:text/html,<p>marking")
    script = f"{resource('marking.js')}; return {json.dumps(typed)}.map(([one, other]) => isRight(one, other));"
    marked = chromium.execute_script(script)
    expected = [is_right(written(text), value) for (text, _), value in zip(typed, values, strict=False)]
    assert marked == [*expected, False, False, False, False]


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["3,5", "−3.5", "(7/2)", " 3.50 ", "3.5e0"])
def test_the_page_reads_numbers_as_people_write_them(chromium: Any, typed: str) -> None:
    chromium.get("data:text/html,<p>marking")
    value = "-3.5" if typed.startswith("−") else "3.5"
    assert chromium.execute_script(f"{resource('marking.js')}; return isRight({json.dumps(typed)}, '{value}')")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("softmax", "-i", "0 6", "--check", "0.00005 0.9975"), "[0]    0.00005   0.0025"),
        (("conv", "-i", "0.004", "-k", "1", "--check", "-0.00009"), "Not right."),
        (("conv", "-i", "samples/lecture-6x6.txt", "-k", "edge", "--check", "-5"), "is 4×4, and this is one number."),
        (("conv", "-i", "3.25 1", "-k", "1 1", "--check", "4.2"), "Near: give two decimals at least."),
    ],
)
def test_a_wrong_answer_is_told_apart(convcalc: Convcalc, words: tuple[str, ...], shown: str) -> None:
    ran = convcalc(*words)
    assert ran.status == 1
    assert shown in ran.stdout
