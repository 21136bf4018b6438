"""A short run of the fuzz; ``python -m tests.fuzz --lines 100000`` is the long one."""

import shlex
from fractions import Fraction

import pytest

from tests import fuzz

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(8))
def test_random_lines_answer_as_slow_loops_do(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "9999")
    wrong = [f"convcalc {shlex.join(words)}: {fault}" for words, fault in fuzz.faults(seed, 150)]
    assert wrong == []


@pytest.mark.parametrize(
    ("expression", "untrue"),
    [
        ("2×3 + (-1) = 5", False),
        ("2×3 + (-1) = 6", True),
        ("(1 + 2)/4 = 3/4 = 0.75", False),
        ("0.3333×3 = 1", True),
        ("0.3333×3 ≈ 1", False),
        ("max(0, -1) = 0", False),
    ],
)
def test_the_fuzz_sees_an_untrue_sum(expression: str, untrue: bool) -> None:
    assert fuzz.untrue(expression) is untrue


def test_the_fuzz_sees_a_wrong_answer() -> None:
    case = fuzz.Case([], [[Fraction(1, 3)]], True)
    assert fuzz.differs(case, [[Fraction("0.3333333333333333")]], "plain")
    assert not fuzz.differs(case, [[Fraction("0.3333333333333333")]], "csv")
    assert fuzz.differs(case, [[Fraction("0.333333333333333")]], "csv")
