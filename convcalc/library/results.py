"""What the functions return: grids that show themselves, with their steps, their gradients, and marks for an answer."""

import builtins
import json
import math
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.lib.mixins

from convcalc.engine.exact import FLOAT64, Array, as_floats
from convcalc.engine.graph import BACKWARD as GO_BACK
from convcalc.engine.graph import ROLES
from convcalc.engine.grids import as_grid
from convcalc.errors import InputError
from convcalc.library.grids import taken
from convcalc.library.pieces import Marks, Page, Step, page_of
from convcalc.library.saving import save, save_document
from convcalc.library.shown import Shown, shown_grids, summary
from convcalc.library.words import refuses_in_python, steps_in_python, work_in_python
from convcalc.practice.marking import mark
from convcalc.report.document import Calculation, Document, Heading, Steps
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.operations import BACKWARD, FORWARD, step_of
from convcalc.report.selection import Show

if TYPE_CHECKING:
    from typing_extensions import Self

Worked = Callable[[Show], Calculation]
"""The work of a result, as a `Show` asks for it."""


class Grid(Shown, numpy.lib.mixins.NDArrayOperatorsMixin):
    """A grid that was worked: an array wherever one is wanted, and the work that made it.

    ``numpy.asarray(grid)`` is the answer: int64, floats, or (where it has quotients) an object array of Fractions,
    which plots and other libraries do not take: hand them ``grid.float()``. It shares no memory with what it was made
    of.
    """

    def __init__(self, worked: Worked, show: Show | None = None) -> None:
        self._worked, self._show = worked, show or Show()
        self.reads: Mapping[str, Array] = {}
        """The grids that were read, by what they are: input, kernel, weights."""
        self._operation, self._arguments = "", dict[str, Any]()
        self._calculation = worked(self._show)  # what cannot be done is refused now
        self._output: Array = as_grid(self._calculation.answer()).view()
        self._output.setflags(write=False)

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
        cells = (one.output if isinstance(one, Grid) else one for one in inputs)
        return getattr(ufunc, method)(*cells, **options)

    def __getitem__(self, index: Any) -> Any:
        return self._output[index]

    def __len__(self) -> int:
        return len(self._output)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._output)

    def __float__(self) -> "builtins.float":
        return builtins.float(self.item())

    # ---- its work

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

        show = Show(steps=steps, at=at, order=choose(Order, order), write=Writer(precision))
        return self._again(show)

    def _again(self, show: Show) -> "Grid":
        other = Grid(self._worked, show)
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
        return work_in_python(self._worked(self._show).work)

    def _brief(self) -> Document:
        yield from summary(self._worked(self._show))

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
        index = self._index(at[0] if len(at) == 1 and not isinstance(at[0], Integral) else at, steps)
        return Step(steps, index, self._numbers(index, steps))

    def _index(self, at: Any, steps: Steps) -> int:
        """Return the number of the step that makes a cell; without one, that of the only step."""
        if not len(at) and math.prod(steps.shape) == 1:
            return 0
        lengths = (*steps.shape[:2], *steps.naming.plane(steps.shape))
        return step_of(None, self._output, steps, _from_the_front(at, lengths[max(0, len(lengths) - len(at)) :]))

    def _numbers(self, index: int, steps: Steps) -> Any:
        return None

    def _steps(self) -> Steps:
        if self._calculation.steps is None:
            raise InputError("there are no steps here: cells are only moved, or summed whole", hint="print it")
        return steps_in_python(self._calculation.steps(self._show._replace(at=None)))

    @refuses_in_python
    def steps(self) -> "Iterator[Step]":
        """Yield every step, in order."""
        steps = self._steps()
        return (Step(steps, index, self._numbers(index, steps)) for index in range(math.prod(steps.shape)))

    def walk(self) -> "Page":
        """Return the page of the work, with every step to be stepped through: in a notebook, inline."""
        return page_of(self._work())

    @refuses_in_python
    def check(self, answer: Any, *at: int) -> "Marks":
        """Mark an answer, cell by cell, to all of it or to the cell `at`; the likely mistake is named.

        >>> from convcalc import pool
        >>> pool([[1, 2], [3, 4]], "avg").check(10)
        Not right.
          It would come out so if the sum was not divided.
        """
        answers = self._calculation.mistakes() if self._calculation.mistakes else ()
        given = answer if isinstance(answer, list | tuple | str) or hasattr(answer, "__array__") else [answer]
        cells = taken(given, "answer", as_written=True)
        return Marks(mark(cells, self._output, answers, tuple(at) or None))

    # ---- on paper

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the work or the answer as the suffix says: .html .svg .md .tex .json, .npy .csv .tsv, .png .gif.

        Raises ConvcalcError where it cannot be written, and then leaves nothing behind.
        """
        save(self._worked(self._show), path, self._operation, self._settings(), self.reads)

    def to_dict(self) -> dict[str, Any]:
        """Return all there is as plain data, as JSON has it: the grids, every step with its terms, the output.

        >>> from convcalc import pool
        >>> pool([3, 5], "max").to_dict()["steps"][0]["sums"][0]["terms"]
        ['3', '5']
        """
        from convcalc.cli.formats import record_lines

        worked = self._worked(self._show)
        data: dict[str, Any] = json.loads(
            "\n".join(record_lines(worked, self._operation, self._settings(), self.reads))
        )
        return data


class Result(Grid):
    """A grid that an operation made, which can go backward."""

    def __init__(self, made: Any, worked: Worked | None = None, show: Show | None = None) -> None:
        self.operation = made
        """What the engine made: its shapes, its settings, its steps as numbers."""
        super().__init__(worked or (lambda show: FORWARD[type(made)].worked(made, show)), show)

    def _again(self, show: Show) -> "Result":
        other = Result(self.operation, self._worked, show)
        return other._like(self)

    def _index(self, at: Any, steps: Steps) -> int:
        if type(self.operation).__name__ == "Softmax" and len(at):
            return step_of(self.operation, self._output, steps, _from_the_front(at, self.shape[-len(at) :]))
        return super()._index(at, steps)

    def _numbers(self, index: int, steps: Steps) -> Any:
        return FORWARD[type(self.operation)].step(self.operation, index, steps.shape)

    @refuses_in_python
    def backward(self, gradient: Any = 1) -> "Gradients":
        """Return the gradients of what the operation read, given that of its output: of its shape, or 1 for every cell.

        To a loss nothing comes from behind. Raises InputError for another shape.

        >>> from convcalc import convolve
        >>> back = convolve([1, 2, 3], [1, 2], bias=0).backward([1, 10])
        >>> back.kernel.tolist(), back.bias.tolist(), back.input.tolist()
        ([[21, 32]], [11], [1, 12, 20])
        """
        return Gradients(self.operation, gradient if np.ndim(gradient) == 0 else taken(gradient, "gradient"))


class Gradients(Shown):
    """The gradients of what an operation read, by name: each a grid with steps of its own.

    ``gradients.kernel`` and ``gradients["kernel"]`` are the same, and to go through them gives the names.
    """

    def __init__(self, made: Any, gradient: Any) -> None:
        kind = type(made)
        self._back = GO_BACK[kind](made, gradient)
        self._how = BACKWARD[type(self._back)]
        unknown = {role for role in ("gamma", "beta") if getattr(made, role, 0) is None}
        self._names = [role for role in ROLES[kind](self._back) if role not in unknown]

    def __getitem__(self, name: str) -> Grid:
        if name not in self._names:
            raise KeyError(f"there is no gradient of {name!r}: they are of {', '.join(self._names)}")
        back, how = self._back, self._how
        return Grid(lambda show: how.one(back, show, name))

    def __getattr__(self, name: str) -> Grid:
        spaced = name.replace("_", " ")
        if name.startswith("_") or spaced not in self._names:
            raise AttributeError(f"there is no gradient of {spaced!r} here")
        return self[spaced]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name.replace(" ", "_") for name in self._names)]

    def _ipython_key_completions_(self) -> list[str]:
        return self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _work(self) -> Document:
        return work_in_python(self._how.all(self._back, Show()).work)

    def _brief(self) -> Document:
        yield Heading(f"gradients of the {', '.join(self._names)}")
        grids = (grids_of(self[name].output, f"of the {name}", Writer()) for name in self._names)
        yield from shown_grids([matrix for grid in grids for matrix in grid.matrices])

    def walk(self) -> "Page":
        """Return the page of all gradients, with every step to be stepped through: in a notebook, inline."""
        return page_of(self._work())

    @refuses_in_python
    def save(self, path: str | Path) -> None:
        """Write the work of all gradients to a file, as its suffix says; one gradient has its own `save`."""
        save_document(self._work(), path)


def _from_the_front(at: Any, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Return a place whose negative indices, which count from the end, count from the front."""
    places = tuple(int(place) for place in at)
    if len(places) != len(lengths):
        return places
    return tuple(place + length if place < 0 else place for place, length in zip(places, lengths, strict=True))
