"""What gathers each output cell from a few cells: loops, published rules, and the transpose as the gradient."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.engine.gathered import Gathered
from convcalc.engine.gathering import add, concat, dropout, unpool, upsample
from convcalc.engine.pooling import pool
from convcalc.engine.routing import Indices
from convcalc.errors import InputError
from tests.conftest import Convcalc

GRID: list[list[Any]] = [[1, 5, 2], [7, Fraction(1, 3), -4]]


def bilinear(grid: list[list[Any]], rows: int, columns: int, *, aligned: bool) -> list[list[Any]]:
    """The rule of OpenCV and PyTorch, cell by cell: the value at a point between four cells."""
    height, width = len(grid), len(grid[0])

    def point(index: int, before: int, after: int) -> Fraction:
        if aligned:
            return Fraction(index * (before - 1), after - 1) if after > 1 else Fraction(0)
        return max(Fraction(0), (index + Fraction(1, 2)) * before / after - Fraction(1, 2))

    def value(row: int, column: int) -> Any:
        y, x = point(row, height, rows), point(column, width, columns)
        top, left = min(int(y), height - 1), min(int(x), width - 1)
        bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
        upper = grid[top][left] + (x - left) * (grid[top][right] - grid[top][left])
        lower = grid[bottom][left] + (x - left) * (grid[bottom][right] - grid[bottom][left])
        return upper + (y - top) * (lower - upper)

    return [[value(row, column) for column in range(columns)] for row in range(rows)]


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("size", [(4, 6), (2, 3), (5, 7), (1, 1), (3, 2)])
def test_bilinear_upsampling_is_the_rule_at_every_point(size: tuple[int, int], aligned: bool) -> None:
    found = upsample(GRID, size=size, mode="bilinear", align_corners=aligned).output.tolist()
    assert found == bilinear(GRID, *size, aligned=aligned)


@pytest.mark.parametrize("size", [(4, 6), (5, 7), (2, 2)])
def test_nearest_upsampling_repeats_cells(size: tuple[int, int]) -> None:
    rows, columns = size
    wanted = [[GRID[row * 2 // rows][column * 3 // columns] for column in range(columns)] for row in range(rows)]
    assert upsample(GRID, size=size).output.tolist() == wanted


def test_a_single_row_is_enlarged_along_itself(convcalc: Convcalc) -> None:
    assert convcalc("upsample", "-i", "1 2", "--scale", "3").answer == "1 1 1 2 2 2\n"
    ran = convcalc("upsample", "-i", "1 3", "--mode", "bilinear")
    assert ran.answer == "1 1.5 2.5 3\n"
    assert "[1]  0.75×1 + 0.25×3 = 1.5" in ran.stdout


def test_grids_are_joined_along_any_axis(convcalc: Convcalc) -> None:
    a, b = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    for axis in (-1, -2):
        assert concat(a, b, axis=axis).output.tolist() == np.concatenate([a, b], axis=axis).tolist()
    assert concat(a, b).output.tolist() == [a, b]
    assert concat([a, b], b).output.tolist() == [a, b, b]
    assert convcalc("concat", "-i", "1 2", "3").answer == "1 2 3\n"


def test_more_than_two_grids_are_added_and_joined(convcalc: Convcalc) -> None:
    assert add([1, 2], [10, 20], [0.5, 0.25]).output.tolist() == [11.5, 22.25]
    assert convcalc("add", "-i", "1 2", "3 4", "5 6", "--backward", "1 7", "--wrt", "other 2").answer == "1 7\n"


def test_maxima_go_back_where_they_were(convcalc: Convcalc) -> None:
    x = np.random.default_rng(2).permutation(2 * 4 * 6).reshape(2, 4, 6)
    pooled = pool(x)
    indices = Indices(pooled).output
    back = unpool(pooled.output, indices).output
    assert (back == np.where(np.isin(x, pooled.output), x, 0)).all()
    assert convcalc("pool", "max", "-i", "1 5 5 2; 2 9 3 0", "--indices").answer == "5 2\n"
    assert convcalc("pool", "avg", "-i", "1 5; 2 9", "--indices").status == 2


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2])
def test_an_index_is_the_place_of_the_first_of_equals(padding: int, stride: int) -> None:
    x = np.random.default_rng(5).integers(0, 4, (3, 5, 6))
    pooled = pool(x, window=3, stride=stride, padding=padding)
    for at, found in np.ndenumerate(Indices(pooled).output):
        cells = []
        for r in range(at[1] * stride - padding, at[1] * stride - padding + 3):
            cells += [
                (-x[at[0], r, c], r * 6 + c)
                for c in range(at[2] * stride - padding, at[2] * stride - padding + 3)
                if 0 <= r < 5 and 0 <= c < 6
            ]
        assert found == min(cells)[1]


def test_dropout_scales_what_it_keeps(convcalc: Convcalc) -> None:
    ran = convcalc("dropout", "-i", "4 5 6", "--mask", "1 0 1", "-p", "0.2")
    assert "[0]  4/(1 − 0.2) = 5" in ran.stdout
    assert ran.answer == "5 0 7.5\n"
    assert dropout([1.5, 2.5], [1, 1], 0.1).output.tolist() == [float(Fraction(15, 9)), float(Fraction(25, 9))]


CASES: dict[str, tuple[Any, int]] = {
    "add": (lambda *grids: add(*grids), 3),
    "concat": (lambda *grids: concat(*grids, axis=-2), 2),
    "nearest": (lambda x: upsample(x, size=(5, 4)), 1),
    "bilinear": (lambda x: upsample(x, 2, "bilinear"), 1),
    "aligned": (lambda x: upsample(x, (2, 3), "bilinear", align_corners=True), 1),
    "smaller": (lambda x: upsample(x, size=(1, 2), mode="bilinear"), 1),
    "unpool": (lambda x: unpool(x, [[3, 0, 8], [13, 22, 17]]), 1),
    "dropout": (lambda x: dropout(x, [[1, 0, 1], [1, 1, 0]], Fraction(1, 3)), 1),
}


@pytest.mark.parametrize("name", CASES)
@given(rng=st.randoms())
def test_a_gradient_is_the_transpose(name: str, rng: Any) -> None:
    work, count = CASES[name]
    grids = [[[Fraction(rng.randint(-9, 9), 7) for _ in range(3)] for _ in range(2)] for _ in range(count)]
    forward: Gathered = work(*grids)
    upstream = np.array([Fraction(rng.randint(-9, 9), 5) for _ in range(forward.output.size)], dtype=object)
    upstream = upstream.reshape(forward.output.shape)
    gradients = forward.backward(upstream)
    parts = [(np.array(x) * part.output).sum() for x, part in zip(grids, gradients.inputs, strict=True)]
    assert sum(parts) == (forward.output * upstream).sum()
    for part in gradients.inputs:
        for at in np.ndindex(*part.output.shape):
            step = part.step(at)
            assert step.value == sum(term.weight * Fraction(term.cell) for term in step.terms) == part.output[at]


def test_large_grids_are_worked_in_floats_and_come_to_the_same() -> None:
    x = np.random.default_rng(1).normal(size=(300, 300))
    large, small = upsample(x, 2, "bilinear").output, upsample(x[:20, :20], 2, "bilinear").output
    assert large[:38, :38] == pytest.approx(small[:38, :38], rel=1e-12)
    assert add(np.full((300, 300), 2**62), np.full((300, 300), 2**62)).output[0, 0] == 2**63


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: add([1, 2], [1, 2, 3]), "cannot be added"),
        (lambda: add([1]), "only one grid"),
        (lambda: concat([[1, 2]], [[1, 2, 3]], axis=-2), "cannot be joined along rows"),
        (lambda: concat([1], [2], axis=0), "no axis 0"),
        (lambda: upsample([1], 2, align_corners=True), "bilinear upsampling only"),
        (lambda: unpool([1, 2], [0]), "the indices are 1"),
        (lambda: unpool([1, 2], [0, 9]), "no place 9 in 4"),
        (lambda: unpool([1, 2], [0, 0]), "same place"),
        (lambda: dropout([1, 2], [1, 2]), "a mask holds 0"),
        (lambda: dropout([1, 2], [1, 0], 1), "probability"),
    ],
)
def test_what_does_not_fit_is_refused(work: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        work()


@pytest.mark.parametrize(
    ("line", "answer", "said"),
    [
        (("add", "-i", "1 2", "3 5"), "-2 -3", "the other was subtracted"),
        (("concat", "-i", "1 2", "3 5"), "3 5 1 2", "in reverse"),
        (("upsample", "-i", "1 3", "--mode", "bilinear"), "1 1 3 3", "repeated, not mixed"),
        (("upsample", "-i", "1 3", "--mode", "bilinear"), "1 1.67 2.33 3", "corners were aligned"),
        (("upsample", "-i", "1 3"), "1 0 3 0", "zeros were put between"),
        (("unpool", "-i", "6 8", "--indices", "5 7", "--size", "2x4"), "6 0 8 0; 0 0 0 0", "first cell"),
        (("dropout", "-i", "4 6", "--mask", "1 0"), "4 0", "not scaled up"),
        (("dropout", "-i", "4 6", "--mask", "1 0", "-p", "0.2"), "0 7.5", "other way round"),
    ],
)
def test_a_mistake_is_named(convcalc: Convcalc, line: tuple[str, ...], answer: str, said: str) -> None:
    assert said in convcalc(*line, "--check", answer).stdout


def test_a_skip_connection_adds_its_gradients_up(convcalc: Convcalc) -> None:
    script = "x = 1 2; 3 4\nk = 1 0 2; 0 1 0; 1 0 0\ninput x\nconv k -p 1\nrelu\nadd x\nupsample --mode bilinear\n"
    script += "concat x --axis -2\n"
    assert "cannot be joined" in convcalc("run", "-", stdin=script).stderr
    script = script.rpartition("concat")[0] + 'flatten\nlinear "1 2 3 4 5 6 7 8 9 8 7 6 5 4 3 2"\n'
    ran = convcalc("run", "-", "--numeric", "all", stdin=script)
    assert (ran.status, ran.stderr) == (0, "")
    assert "They are equal." in ran.stdout
    back = convcalc("run", "-", "--backward", "--wrt", "x", stdin=script)
    assert "x is used in 2 lines, and its gradients add up:" in back.stdout
    assert "[0,0]  34.75 + 15.875 = 50.625" in back.stdout
    assert convcalc("run", "-", "--rate", "0.001", "--times", "2", stdin=script).status == 0


def test_indices_do_not_go_backward(convcalc: Convcalc) -> None:
    script = "x = 1 5; 2 3\ninput x\npool max --indices\nconv 2\n"
    assert "does not go backward" in convcalc("run", "-", "--backward", "--gradient", "1", stdin=script).stderr
