"""Transposed convolution: stamps by slow loops, zero-insertion, and a convolution's matrix transposed, all one."""

import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from convcalc.engine import transposed
from convcalc.engine.convolution import convolve
from convcalc.engine.geometry import Axis
from convcalc.engine.node import left_to_floats
from convcalc.engine.readings import as_toeplitz
from convcalc.engine.transposed import conv_transpose
from convcalc.errors import InputError
from tests import reference
from tests.test_convolution import integers

CASES = list(itertools.product(((1, 1), (2, 1), (3, 2)), ((1, 1), (2, 3)), (1, 2), (False, True), range(2)))


@pytest.mark.parametrize(("stride", "dilation", "groups", "biased", "seed"), CASES)
def test_any_shape_equals_the_stamps_of_slow_loops(
    stride: tuple[int, int], dilation: tuple[int, int], groups: int, biased: bool, seed: int
) -> None:
    rng = random.Random(f"{stride}{dilation}{groups}{biased}{seed}")
    x = integers((rng.randint(1, 2), 2, rng.randint(2, 4), rng.randint(2, 4)), rng)
    kernel = integers((2, rng.randint(1, 2), rng.randint(1, 3), rng.randint(2, 3)), rng)
    maps = len(kernel[0]) * groups
    options: dict[str, Any] = {
        "bias": integers((maps,), rng) if biased else None,
        "stride": stride,
        "padding": tuple(rng.randint(0, 1) for _ in range(4)),
        "output_padding": tuple(rng.randint(0, max(pair) - 1) for pair in zip(stride, dilation, strict=True)),
        "dilation": dilation,
        "groups": groups,
    }
    expected = reference.transposed(x, kernel, **options)
    if not expected[0][0] or not expected[0][0][0]:
        with pytest.raises(InputError, match="cuts off all"):
            conv_transpose(x, kernel, **options)
        return
    result = conv_transpose(x, kernel, **options)
    assert result.maps.tolist() == expected
    for map_ in range(maps):  # the last stamp onto a map leaves it whole, but for the bias
        pairs = [index for index in range(result.stamps[1]) if result.pair(index)[0] == map_]
        last = result.stamp((0, pairs[-1], result.stamps[2] - 1, result.stamps[3] - 1)).so_far
        more = options["bias"][map_] if biased else 0
        assert [[cell + more for cell in row] for row in last.tolist()] == expected[0][map_]


@pytest.mark.parametrize(("stride", "padding", "dilation"), list(itertools.product((1, 2, 3), (0, 1), (1, 2))))
def test_it_is_the_matrix_of_a_convolution_turned_round(stride: int, padding: int, dilation: int) -> None:
    rng = random.Random(stride * 100 + padding * 10 + dilation)
    kernel = integers((3, 2), rng)
    forward = convolve(integers((7, 6), rng), kernel, stride=stride, padding=padding, dilation=dilation)
    gradient = integers(forward.output.shape, rng)
    extra = tuple(axis.room % axis.stride for axis in (forward.plan.rows, forward.plan.columns))
    back = conv_transpose(
        gradient, kernel, stride=stride, padding=padding, dilation=dilation, output_padding=extra
    ).output
    matrix = as_toeplitz(forward)[0].left
    assert back.ravel().tolist() == (matrix.T @ np.array(gradient).ravel()).tolist()


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"), list(itertools.product((5, 8), (2, 3), (1, 2, 3), (0, 1)))
)
def test_output_padding_tells_apart_the_sizes_a_stride_makes_alike(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    for extra in range(stride):
        result = conv_transpose([1] * size, [1] * kernel, stride=stride, padding=padding, output_padding=extra)
        assert Axis(result.columns.output, kernel, stride, padding, padding).output == size
        assert result.columns.output == result.columns.alike()[extra]


@pytest.mark.parametrize(
    ("x", "kernel", "options", "answer"),
    [
        ([[5]], [[3]], {"stride": 3, "padding": 1, "output_padding": 2}, [[0]]),
        ([5], [3], {"stride": 3, "padding": (0, 0, 0, 1), "output_padding": 2}, [15, 0]),
        ([[1], [2], [3], [4]], [[1]] * 3, {"stride": (3, 1), "padding": 1, "output_padding": 2, "dilation": 3}, None),
        ([1, 2], [1, 1, 1], {"padding": 1}, [3, 3]),
        ([1, 2, 3], [1], {"padding": 1}, [2]),
    ],
)
def test_a_border_may_be_cut_off_the_cells_themselves(x: Any, kernel: Any, options: Any, answer: Any) -> None:
    result = conv_transpose(x, kernel, **options)
    padding = options["padding"]
    one_row = result.input.shape[2] == 1 and result.kernel.shape[2] == 1
    sides = (0, 0, padding, padding) if one_row else (padding,) * 4
    expected = reference.transposed(
        result.input.tolist(),
        result.kernel.tolist(),
        stride=(result.rows.stride, result.columns.stride),
        padding=padding if isinstance(padding, tuple) else sides,
        output_padding=(result.rows.extra, result.columns.extra),
        dilation=(result.rows.dilation, result.columns.dilation),
    )
    assert result.maps.tolist() == expected
    assert answer in (None, result.output.tolist())


def test_what_would_take_all_the_memory_is_refused() -> None:
    with pytest.raises(InputError, match="the stamps would have"):
        conv_transpose([[1, 2], [3, 4]], [[1]], stride=10**12)


def test_fractions_decimals_and_large_integers_are_exact() -> None:
    third = Fraction(1, 3)
    assert conv_transpose([1, 1], [third, third]).output.tolist() == [third, 2 * third, third]
    assert conv_transpose([0.1, 0.2], [1, 1]).output.tolist() == [0.1, 0.3, 0.2]
    assert conv_transpose([[10**30]], [[10**30]]).output.tolist() == [[10**60]]


@pytest.mark.parametrize(
    ("x", "kernel", "options", "message"),
    [
        ([[1]], [[1]], {"output_padding": 1}, "output padding of 1 is too much"),
        ([[1]], [[1]], {"padding": 1}, "cuts off all 1 cells"),
        ([[1]], [[1]], {"stride": 0}, "stride must be at least 1"),
        ([[1]], [[1]], {"padding": "same"}, "padding 'same' is a convolution's word"),
        ([[[1]], [[2]]], [[1]], {}, "weights for 1 input channel, but the input has 2"),
        ([[[1]], [[2]], [[3]]], [[[[1]]]] * 3, {"groups": 2}, "3 input channels cannot be divided into 2 groups"),
        ([[1]], [[1]], {"bias": [1, 2]}, "1 map cannot take 2 biases"),
        ([[1]], [[1]], {"groups": 0}, "groups must be at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(x: Any, kernel: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        conv_transpose(x, kernel, **options)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("most", [1, 200, 1 << 21])
@pytest.mark.parametrize("few", [0, 250_000])
@pytest.mark.parametrize(
    "settings",
    [
        {"stride": 2},
        {"stride": (1, 3), "padding": 1, "output_padding": (0, 2), "dilation": (2, 1)},
        {"stride": 3, "groups": 2, "padding": (2, 0), "output_padding": 1},
    ],
)
def test_what_floats_stamp_is_the_exact_answer(
    settings: dict[str, Any], few: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    groups = settings.get("groups", 1)
    x = rng.normal(size=(2, 4, 7, 6)).astype(np.float32)
    kernel, bias = (rng.normal(size=shape).astype(np.float32) for shape in ((4, 3, 3, 2), 3 * groups))
    result = conv_transpose(x, kernel, bias=bias, **settings)
    exact = conv_transpose(*(grid.astype(float) for grid in (x, kernel)), bias=bias.astype(float), **settings).output
    monkeypatch.setattr(transposed, "BAND", most)
    monkeypatch.setattr(transposed, "MANY_PRODUCTS", few)
    stamped = left_to_floats(result).output
    assert stamped.dtype == np.float32
    np.testing.assert_allclose(stamped, exact, rtol=0, atol=2e-6)
