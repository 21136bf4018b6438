"""What the functions return: a grid that an operation made, and the gradients of what it read."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcalc.engine.gradients import Gradients as ConvolutionGradients
from convcalc.engine.gradients import TransposedGradients
from convcalc.engine.graph import BACKWARD as GO_BACK
from convcalc.engine.graph import ROLES
from convcalc.engine.loss_terms import Loss
from convcalc.errors import InputError, did_you_mean
from convcalc.library.grids import taken_row
from convcalc.library.pieces import Page, page_of
from convcalc.library.saving import save_document
from convcalc.library.shown import Shown, shown_grids
from convcalc.library.words import refuses_in_python, work_in_python
from convcalc.report.document import Calculation, Document, Heading, Steps
from convcalc.report.grids import grids_of
from convcalc.report.numbers import Writer
from convcalc.report.operations import BACKWARD, FORWARD, step_of
from convcalc.report.selection import Show

if TYPE_CHECKING:
    pass

from convcalc.library.worked_grid import Grid, Worked, from_the_front, restored


class Result(Grid):
    """A grid that an operation made, which can go backward."""

    def __init__(self, made: Any, how: Worked | None = None, show: Show | None = None) -> None:
        if type(made) not in FORWARD:
            raise TypeError(f"a result is of an operation, and a {type(made).__name__} is none: try convolve, pool …")
        super().__init__(made, how or FORWARD[type(made)].worked, show)

    def __reduce__(self) -> Any:
        how = None if self._how is FORWARD[type(self.operation)].worked else self._how
        state = self._operation, self._arguments, self.reads
        return restored, (type(self), self.operation, how, None if self._is_plain else self._show, *state)

    def _index(self, at: Any, steps: Steps) -> int:
        if type(self.operation).__name__ == "Softmax" and len(at):
            return step_of(self.operation, self._output, steps, from_the_front(at, self.shape[-len(at) :]))
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
        upstream = taken_row(gradient, "gradient")
        is_one = upstream is not None and upstream.size == 1 and upstream.item() == 1
        if isinstance(self.operation, Loss) and not is_one:
            fault = "a loss is where a pass backward begins: nothing comes from behind"
            raise InputError(fault, hint="leave the gradient out, and multiply what comes back")
        return Gradients(self.operation, upstream)


class Gradient(Grid):
    """The gradient of one thing that an operation read."""

    @property
    def _is_of_kernel(self) -> bool:
        """Whether it is of a kernel, whose steps are worked channel by channel, and then filter by filter."""
        slides = isinstance(self.operation, ConvolutionGradients | TransposedGradients)
        return slides and getattr(self._how, "keywords", {})["name"] == "kernel"

    def _index(self, at: Any, steps: Steps) -> int:
        if self._is_of_kernel and len(at) > 2:
            filters, channel = at[:-3] or (0,), at[-3]
            at = (channel, *filters, *at[-2:])
        return super()._index(at, steps)

    def _value(self, index: int) -> Any:
        if not BACKWARD[type(self.operation)].by_cell:
            return None
        cells = self._output
        if self._is_of_kernel and self.ndim == 4:
            cells = cells.swapaxes(0, 1)
        return cells.reshape(-1)[index] if index < cells.size else None


class Gradients(Shown):
    """The gradients of what an operation read, by name: each a grid with steps of its own.

    ``gradients.kernel`` and ``gradients["kernel"]`` are the same, and to go through them gives the names.
    """

    def __init__(self, made: Any, gradient: Any) -> None:
        kind = type(made)
        self._made, self._gradient = made, gradient
        self._back = GO_BACK[kind](made, gradient)
        self._how = BACKWARD[type(self._back)]
        unknown = {role for role in ("gamma", "beta") if getattr(made, role, 0) is None}
        self._names = [role for role in ROLES[kind](self._back) if role not in unknown]

    def __getitem__(self, name: str) -> Grid:
        if name not in self._names:
            raise KeyError(f"there is no gradient of {name!r}: they are of {', '.join(self._names)}")
        return Gradient(self._back, partial(_one_gradient, name=name))

    def __reduce__(self) -> Any:
        return type(self), (self._made, self._gradient)

    def __getattr__(self, name: str) -> Grid:
        spaced = name.replace("_", " ")
        if name.startswith("_"):
            raise AttributeError(name)
        if spaced not in self._names:
            hint = did_you_mean(spaced, self._names, f"they are of {', '.join(self._names)}")
            raise AttributeError(f"there is no gradient of {spaced!r}: {hint}")
        return self[spaced]

    def items(self) -> "Iterator[tuple[str, Grid]]":
        """Yield each name with its gradient."""
        return ((name, self[name]) for name in self._names)

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


def _one_gradient(back: Any, show: Show, name: str) -> Calculation:
    return BACKWARD[type(back)].one(back, show, name)
