"""A grid that was worked: an array that shows itself, with its steps, marks for an answer, and files."""

import builtins
import json
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.lib.mixins

from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.grids import as_grid
from convcalc.engine.shapes import indices_of
from convcalc.errors import InputError, did_you_mean
from convcalc.library.grids import taken_answer
from convcalc.library.pieces import Marks, Page, Step, page_of
from convcalc.library.saving import save
from convcalc.library.shown import Shown, summary
from convcalc.library.words import refuses_in_python, steps_in_python, work_in_python
from convcalc.practice.marking import mark, reaches
from convcalc.report.document import Calculation, Document, Steps
from convcalc.report.numbers import Writer
from convcalc.report.operations import step_of
from convcalc.report.selection import Show

if TYPE_CHECKING:
    from typing_extensions import Self

Worked = Callable[[Any, Show], Calculation]
"""How what the engine made is worked, as a `Show` asks for it."""
MOST_EXPLAINED = 1 << 16
"""Cells of an answer up to which a wrong one is told its reason."""
OWN_METHODS = frozenset({"step", "steps", "shown", "check", "backward", "walk", "save", "reads", "operation"})


class Grid(Shown, numpy.lib.mixins.NDArrayOperatorsMixin):
    """A grid that was worked: an array wherever one is wanted, and the work that made it.

    ``numpy.asarray(grid)`` is the answer: int64, floats, or (where it has quotients) an object array of Fractions,
    which plots and other libraries do not take: hand them ``grid.float()``. It shares no memory with what it was made
    of.
    """

    def __init__(self, made: Any, how: Worked, show: Show | None = None) -> None:
        self.operation = made
        """What the engine made: its shapes, its settings, its steps as numbers."""
        self._how, self._show, self._is_plain = how, show or Show(), show is None
        self.reads: Mapping[str, Array] = {}
        """The grids that were read, by what they are: input, kernel, weights."""
        self._operation, self._arguments = "", dict[str, Any]()
        worked = self._calculation()  # what cannot be done is refused now
        self._output: Array = as_grid(worked.answer()).view()
        self._output.setflags(write=False)

    def _calculation(self, **other: Any) -> Calculation:
        return self._how(self.operation, self._show._replace(**other))

    def __reduce__(self) -> Any:
        state = self._operation, self._arguments, self.reads
        return restored, (type(self), self.operation, self._how, None if self._is_plain else self._show, *state)

    # ---- an array

    @property
    def output(self) -> Array:
        """The answer as an array, which cannot be written to."""
        return self._output

    @property
    def shape(self) -> tuple[int, ...]:
        """The answer's shape, with as many axes as the input had."""
        return self._output.shape

    @property
    def ndim(self) -> int:
        """How many axes the answer has."""
        return self._output.ndim

    @property
    def size(self) -> int:
        """How many cells the answer has."""
        return self._output.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The answer's dtype: int64, float32, float64, or object where it holds Fractions or vast integers."""
        return self._output.dtype

    def float(self) -> Array:
        """Return the answer as float64 (float32 stays float32), for plots and other libraries; a copy.

        >>> from convcalc import pool
        >>> pool([1, 2], "avg").float().tolist()
        [1.5]
        """
        return np.array(as_floats(self._output, FLOAT64 if self.dtype != np.float32 else self.dtype))

    def tolist(self) -> Any:
        """Return the answer as lists of plain numbers."""
        return self._output.tolist()

    def item(self) -> Any:
        """Return the answer's one number."""
        return self._output.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            return self._output if dtype is None else self._output.astype(dtype, copy=False)
        return np.array(self._output, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.get("out", ())
        if any(isinstance(one, Grid) for one in out):
            if out[0] is not inputs[0]:
                raise TypeError("a result is not written to: give out an array")
            del options["out"]  # result += 1 makes an array, as of any value that does not change
        cells = [_as_operand(one) for one in inputs]
        try:
            return getattr(ufunc, method)(*cells, **options)
        except TypeError:  # a root of a Fraction, say
            floats = [one.float() if isinstance(one, Grid) and one.dtype == object else one for one in inputs]
            return getattr(ufunc, method)(*map(_as_operand, floats), **options)

    def __getitem__(self, index: Any) -> Any:
        return self._output[index]

    def __len__(self) -> int:
        return len(self._output)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._output)

    def __contains__(self, value: Any) -> bool:
        return bool((self._output == value).any())

    def __float__(self) -> "builtins.float":
        return builtins.float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self._output)

    def __format__(self, how: str) -> str:
        if not how:
            return repr(self)
        item = self.item()
        return format(builtins.float(item) if isinstance(item, Fraction) and how[-1] in "eEfFgG%" else item, how)

    def __getattr__(self, name: str) -> Any:
        """Return what numpy's arrays have, such as ``sum``, ``T`` and ``reshape``."""
        if not name.startswith("_") and "_output" in vars(self):
            if hasattr(self._output, name):
                return getattr(self._output, name)
            known = [*OWN_METHODS, "output", "float", "tolist"]
            hint = did_you_mean(name, known, "numpy.asarray(result) is an array")
            raise AttributeError(f"a result has no {name!r}; {hint}")
        raise AttributeError(name)

    # ---- its work

    @refuses_in_python
    def shown(
        self,
        *,
        steps: int | str | None = None,
        at: tuple[int, ...] | None = None,
        order: str = "row",
        precision: int | None = None,
    ) -> "Grid":
        """Return the same, shown otherwise: how many `steps` ("all", "none"), or the one `at` a cell, written out.

        `order` is that of a sum's terms ("row", "column"), `precision` how many decimals are written.
        """
        from convcalc.choices import Order
        from convcalc.engine.settings import choose

        if not (steps in (None, "all", "none") or (isinstance(steps, int) and steps >= 0)):
            raise InputError(f"steps={steps!r}: it is all, none, or how many", hint="as in steps=5")
        if not (precision is None or (isinstance(precision, int) and 0 <= precision <= 15)):
            raise InputError(f"precision={precision!r}: it is 0 to 15", hint="as in precision=2")
        show = Show(steps=steps, at=at, order=choose(Order, order), write=Writer(precision))
        return self._again(show)

    def _again(self, show: Show) -> "Grid":
        other = type(self)(self.operation, self._how, show)
        return other._like(self)

    def _like(self: "Self", other: "Grid") -> "Self":
        self.remember(other._operation, other._arguments)
        self.reads = other.reads
        return self

    def _settings(self) -> Mapping[str, Any]:
        """Return what it was asked for, but the grids."""
        return {name: value for name, value in self._arguments.items() if name not in (*self.reads, "x")}

    def remember(self, operation: str, settings: Mapping[str, Any]) -> None:
        """Note which operation it was, and what it was asked for."""
        self._operation, self._arguments = operation, dict(settings)

    def _work(self) -> Document:
        return work_in_python(self._calculation().work)

    def _brief(self) -> Document:
        if not self._is_plain:
            return self._work()  # which was asked for in another way
        return summary(self._calculation(), self._output, sum(grid.size for grid in self.reads.values()))

    @refuses_in_python
    def step(self, *at: Any) -> "Step":
        """Return the working of one cell, by its place in the answer: ``step(0, 0)`` or ``step((0, 0))``.

        Places count from 0, or (as in numpy) from the end. Raises InputError where there is no such cell, or where
        cells are only moved.

        >>> from convcalc import convolve
        >>> step = convolve([[3, 0, 1], [1, 5, 8], [2, 7, 2]], "edge").step(0, 0)
        >>> step.value, step.sums
        (-5, ('3×1 + 0×0 + 1×(-1) + 1×1 + 5×0 + 8×(-1) + 2×1 + 7×0 + 2×(-1) = -5',))
        """
        steps = self._steps()
        where = place_given(at)
        self._fits(where, steps)
        index = self._index(where, steps)
        return Step(steps, index, self._numbers(index, steps), self._value(index))

    def _fits(self, at: tuple[int, ...], steps: Steps) -> None:
        """Refuse a place with too few or too many numbers, where the steps make the answer's cells."""
        if at and len(at) != self.ndim and math.prod(steps.shape) == self.size > 1:
            example = ", ".join("0" * self.ndim)
            shape = "×".join(map(str, self.shape))
            raise InputError(
                f"a place in this answer, which is {shape}, has {self.ndim} numbers, not {len(at)}",
                hint=f"as in step({example})",
            )

    def _index(self, at: Any, steps: Steps) -> int:
        """Return the number of the step that makes a cell; without one, that of the only step."""
        count = math.prod(steps.shape)
        if not len(at):
            if count == 1:
                return 0
            raise InputError(f"there are {count} steps", hint="name a cell, as in step(0, 0)")
        lengths = (*steps.shape[:2], *steps.naming.plane(steps.shape))
        return step_of(None, self._output, steps, from_the_front(at, lengths[max(0, len(lengths) - len(at)) :]))

    def _numbers(self, index: int, steps: Steps) -> Any:
        return None

    def _value(self, index: int) -> Any:
        return None

    def _steps(self) -> Steps:
        steps = self._calculation().steps
        if steps is None:
            raise InputError("there are no steps here: cells are only moved, or summed whole", hint="print it")
        return steps_in_python(steps(self._show._replace(at=None)))

    @refuses_in_python
    def steps(self) -> "Iterator[Step]":
        """Yield every step, in order."""
        steps = self._steps()
        indices = range(math.prod(steps.shape))
        return (Step(steps, index, self._numbers(index, steps), self._value(index)) for index in indices)

    def walk(self) -> "Page":
        """Return the page of the work, with every step to be stepped through: in a notebook, inline."""
        return page_of(self._work())

    @refuses_in_python
    def check(self, answer: Any, *at: Any) -> "Marks":
        """Mark an answer, cell by cell, to all of it or to the cell `at`; the likely mistake is named.

        >>> from convcalc import pool
        >>> pool([[1, 2], [3, 4]], "avg").check(10)
        Not right.
          It would come out so if the sum was not divided.
        """
        mistakes = self._calculation().mistakes
        answers = mistakes() if mistakes is not None and self.size <= MOST_EXPLAINED else ()
        where = from_the_front(place_given(at), self.shape) if len(at) else None
        if where is not None and not reaches(self._output, where):
            raise InputError(f"there is no cell {list(where)}", hint=f"the answer is {'×'.join(map(str, self.shape))}")
        return Marks(mark(taken_answer(answer), self._output, answers, where))

    # ---- on paper

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the work or the answer as the suffix says: .html .svg .md .tex .json, .npy .csv .tsv, .png .gif.

        Raises ConvcalcError where it cannot be written, and then leaves nothing behind.
        """
        save(self._calculation(), path, self._operation, self._settings(), self.reads)

    def to_dict(self) -> dict[str, Any]:
        """Return all there is as plain data, as JSON has it: the grids, every step with its terms, the output.

        >>> from convcalc import pool
        >>> pool([3, 5], "max").to_dict()["steps"][0]["sums"][0]["terms"]
        ['3', '5']
        """
        from convcalc.cli.formats import record_lines

        worked = self._calculation()
        data: dict[str, Any] = json.loads(
            "\n".join(record_lines(worked, self._operation, self._settings(), self.reads))
        )
        return data


def restored(
    kind: type[Grid], made: Any, how: Any, show: Show | None, operation: str, settings: Mapping[str, Any], reads: Any
) -> Grid:
    """Return a result that was pickled, or copied."""
    result = kind(made, how, show)
    result.remember(operation, settings)
    result.reads = reads
    return result


def _as_operand(value: Any) -> Any:
    """Return what numpy can calculate with: a result's array, a tensor of PyTorch's without its gradient."""
    if isinstance(value, Grid):
        return value.output
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def place_given(at: tuple[Any, ...]) -> tuple[int, ...]:
    """Return a place that was given as a number an axis, or as one tuple, list or array; or as nothing.

    >>> place_given((0, 1)), place_given(([0, 1],)), place_given(())
    ((0, 1), (0, 1), ())
    """
    whole = at[0] if len(at) == 1 and not isinstance(at[0], Integral) else at
    return indices_of(whole) if len(at) else ()


def from_the_front(at: Any, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Return a place whose negative indices, which count from the end, count from the front."""
    places = tuple(int(place) for place in at)
    if len(places) != len(lengths):
        return places
    return tuple(place + length if place < 0 else place for place, length in zip(places, lengths, strict=True))
