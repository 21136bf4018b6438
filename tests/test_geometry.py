"""The size formula against counting the windows one by one, and everything that is derived from it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcalc.choices import Convention, PaddingRule
from convcalc.engine.geometry import Axis, padding_amounts
from convcalc.engine.sizes import SizeQuestion, nearest_fits, rule, solve, unread_ranges
from convcalc.errors import InputError
from tests.reference import window_starts

axes = st.tuples(
    st.integers(1, 30), st.integers(1, 7), st.integers(1, 5), st.integers(0, 4), st.integers(0, 4), st.integers(1, 3)
).filter(lambda a: a[0] + a[3] + a[4] >= a[5] * (a[1] - 1) + 1)


@given(axes, st.booleans())
def test_the_formula_counts_the_windows(numbers: tuple[int, ...], ceil: bool) -> None:
    size, kernel, stride, before, after, dilation = numbers
    axis = Axis(size, kernel, stride, before, after, dilation, ceil)
    starts = window_starts(size, kernel, stride, before, after, dilation, ceil)
    assert axis.output == len(starts)
    assert [axis.reads(i).start - before for i in range(axis.output)] == starts


@given(axes)
def test_unread_cells_are_those_under_no_window(numbers: tuple[int, ...]) -> None:
    size, kernel, stride, before, after, dilation = numbers
    axis = Axis(size, kernel, stride, before, after, dilation)
    starts = window_starts(size, kernel, stride, before, after, dilation, False)
    read = {start + tap * dilation for start in starts for tap in range(kernel)}
    expected = [cell for cell in range(size) if cell not in read]
    assert axis.unread() == expected
    assert [cell for first, last in unread_ranges(axis) for cell in range(first, last + 1)] == expected


@pytest.mark.parametrize(("stride", "output"), [(1, 5), (2, 3), (3, 2)])
def test_the_lectures_sizes(stride: int, output: int) -> None:
    assert Axis(7, 3, stride).output == output


@given(st.integers(1, 20), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3))
def test_same_gives_the_ceiling_of_size_over_stride(size: int, kernel: int, stride: int, dilation: int) -> None:
    before, after = padding_amounts(PaddingRule.SAME, 0, size, kernel, stride, dilation)
    assert Axis(size, kernel, stride, before, after, dilation).output == -(-size // stride)
    assert after - before in (0, 1)


@given(st.integers(1, 20), st.integers(1, 9), st.integers(1, 3))
def test_full_lets_the_window_touch_with_one_cell(size: int, kernel: int, dilation: int) -> None:
    before, after = padding_amounts(PaddingRule.FULL, 0, size, kernel, 1, dilation)
    assert Axis(size, kernel, 1, before, after, dilation).output == size + dilation * (kernel - 1)


@given(axes)
def test_what_would_fit_does_fit(numbers: tuple[int, ...]) -> None:
    size, kernel, stride, before, after, dilation = numbers
    axis = Axis(size, kernel, stride, before, after, dilation)
    for fit in nearest_fits(axis):
        if not fit.value.isdigit():
            continue
        value = int(fit.value)
        more = value - min(before, after)
        changed = {
            "stride": (size, kernel, value, before, after),
            "input": (value, kernel, stride, before, after),
            "kernel": (size, value, stride, before, after),
            "padding": (size, kernel, stride, before + more, after + more),
        }[fit.what]
        fitted = Axis(*changed, dilation)
        assert fitted.exact == fit.output


def test_a_size_that_does_not_fit_and_what_would() -> None:
    fits = {(fit.what, fit.value): fit.output for fit in nearest_fits(Axis(7, 3, 3))}
    assert fits == {("stride", "2"): 3, ("stride", "4"): 2, ("padding", "1"): 3, ("input", "6"): 2, ("kernel", "4"): 2}


def test_an_odd_remainder_can_be_padded_at_one_end() -> None:
    assert ("padding", "0+1") in {(fit.what, fit.value) for fit in nearest_fits(Axis(6, 3, 2))}


@pytest.mark.parametrize("size", [8, 13, 27])
@pytest.mark.parametrize("output", [3, 4, 8])
def test_solving_finds_every_small_answer(size: int, output: int) -> None:
    found = {
        (axis.kernel, axis.stride, axis.before) for axis in solve(SizeQuestion(size, None, None, None, None), output)
    }
    expected = set()
    for kernel, stride in itertools.product(range(1, 12), range(1, 9)):
        for padding in range(kernel // 2 + 1):
            if stride <= kernel and len(window_starts(size, kernel, stride, padding, padding, 1, False)) == output:
                expected.add((kernel, stride, padding))
    assert found == expected


def test_alexnets_first_layer_is_among_the_answers() -> None:
    assert (11, 4, 0) in {(a.kernel, a.stride, a.before) for a in solve(SizeQuestion(227, None, None, None, None), 55)}


@pytest.mark.parametrize(
    ("question", "output", "answers"),
    [
        (SizeQuestion(None, 3, 2, 0, None), 5, [(11, 3, 2, 0, 1), (12, 3, 2, 0, 1)]),
        (SizeQuestion(32, 5, 1, None, None), 32, [(32, 5, 1, 2, 1)]),
        (SizeQuestion(7, 3, None, 0, None), 3, [(7, 3, 2, 0, 1)]),
        (SizeQuestion(28, None, 1, 0, None), 24, [(28, 5, 1, 0, 1)]),
        (SizeQuestion(32, 5, 1, 0, None), 24, [(32, 5, 1, 0, 2)]),
    ],
)
def test_one_missing_number_is_found_whatever_it_is(
    question: SizeQuestion, output: int, answers: list[tuple[int, ...]]
) -> None:
    found = [(a.size, a.kernel, a.stride, a.before, a.dilation) for a in solve(question, output)]
    assert found == answers


@pytest.mark.parametrize("output", [2, 3, 4, 5])
@pytest.mark.parametrize("padding", [0, 1])
def test_every_stride_is_found_with_ceil_too(output: int, padding: int) -> None:
    strides = {
        stride for stride in range(1, 20) if len(window_starts(7, 3, stride, padding, padding, 1, True)) == output
    }
    try:
        found = {axis.stride for axis in solve(SizeQuestion(7, 3, None, padding, None, ceil=True), output)}
    except InputError:
        found = set()
    assert found == strides


def test_no_answer_names_the_nearest_outputs() -> None:
    with pytest.raises(InputError, match="no stride gives an output of 60") as caught:
        solve(SizeQuestion(227, 11, None, 0, None), 60)
    assert caught.value.hint == "the nearest outputs that can be had are 55 and 73"


@pytest.mark.parametrize(
    ("axis", "same", "outputs"),
    [
        (Axis(7, 3, 1), False, (5, 5, 5, 5)),
        (Axis(7, 3, 3), False, (2, 2, 2, None)),
        (Axis(7, 3, 3, 0, 2), True, (None, 3, 3, 3)),
        (Axis(5, 2, 2, ceil=True), False, (3, None, 3, None)),
        (Axis(2, 2, 3, 1, 1, ceil=True), False, (1, None, 2, None)),
        (Axis(3, 2, 2, 1, 1, ceil=True), False, (2, None, 3, None)),
    ],
)
def test_conventions_differ_where_they_do(axis: Axis, same: bool, outputs: tuple[int | None, ...]) -> None:
    order = (Convention.TORCH, Convention.TF, Convention.ONNX, Convention.TEXTBOOK)
    assert tuple(rule(axis, convention, same=same).output for convention in order) == outputs


def test_a_very_long_axis_is_answered_at_once() -> None:
    axis = Axis(10**12, 3, 7)
    assert axis.output == (10**12 - 3) // 7 + 1
    assert unread_ranges(axis) == [(axis.inside(axis.output - 1).stop, 10**12 - 1)]
    assert list(nearest_fits(axis))
