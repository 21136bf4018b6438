"""What is made when: the answer builds no step, a step no more than itself, and nothing is made twice."""

from typing import Any

import pytest

from convcalc.engine import convolution
from convcalc.engine.convolution import Convolution, convolve
from convcalc.engine.pooling import Pooling, pool
from convcalc.report.convolution import Labels, worked_convolution
from convcalc.report.document import Matrix, Picture, flowing
from convcalc.report.pooling import worked_pooling
from convcalc.report.selection import Show
from tests.test_convolution import EXAMPLE


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    calls: list[Any] = []
    real = getattr(owner, name)

    def counting(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return real(*args, **options)

    monkeypatch.setattr(owner, name, counting)
    return calls


def test_the_answer_of_a_convolution_builds_no_step_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, sums = counted(monkeypatch, Convolution, "step"), counted(monkeypatch, convolution, "weighted_sums")
    result = convolve(EXAMPLE, [[1, 2], [3, 4]])
    worked = worked_convolution(result, Show(), Labels())
    assert worked.answer().shape == (5, 5)
    assert (steps, len(sums)) == ([], 1)
    list(flowing(worked.work))
    assert (len(steps), len(sums)) == (25, 1)


def test_at_builds_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = counted(monkeypatch, Convolution, "step")
    list(flowing(worked_convolution(convolve(EXAMPLE, [[1]]), Show(at=(2, 3)), Labels()).work))
    assert len(steps) == 1
    steps = counted(monkeypatch, Pooling, "step")
    list(flowing(worked_pooling(pool(EXAMPLE), Show(at=(1, 1))).work))
    assert len(steps) == 1


def test_steps_are_made_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = counted(monkeypatch, Convolution, "step")
    work = flowing(worked_convolution(convolve(EXAMPLE, [[1]]), Show(steps="all"), Labels()).work)
    for _ in range(4):
        next(work)
    assert len(steps) <= 1


def test_the_answer_of_a_pooling_builds_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = counted(monkeypatch, Pooling, "step")
    assert worked_pooling(pool(EXAMPLE), Show()).answer().shape == (3, 3)
    assert steps == []


def test_the_input_is_written_once_for_all_steps() -> None:
    result = convolve(EXAMPLE, [[1, 0], [0, 1]])
    work = worked_convolution(result, Show(), Labels()).work
    pictures = [block for block in flowing(work) if isinstance(block, Picture)]
    inputs = [picture.lines[0][0] for picture in pictures]
    bodies = {id(matrix.body) for matrix in inputs if isinstance(matrix, Matrix)}
    assert (len(pictures), len(bodies)) == (25, 1)
