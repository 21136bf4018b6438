"""The named kernels, as one table of data."""

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from convcalc.errors import UsageError, nearest

if TYPE_CHECKING:
    from convcalc.engine.exact import Array


class NamedKernel(NamedTuple):
    """A kernel people know by name: its rows over one divisor, and what it does to a picture."""

    name: str
    rows: str
    effect: str
    divisor: int = 1

    @property
    def cells(self) -> list[list[int | Fraction]]:
        """The weights by rows, exact."""
        whole = [[Fraction(int(word), self.divisor) for word in row.split()] for row in self.rows.split(";")]
        return [[int(cell) if cell.denominator == 1 else cell for cell in row] for row in whole]


_TABLE = (
    NamedKernel("identity", "0 0 0; 0 1 0; 0 0 0", "gives the picture back"),
    NamedKernel("shift", "0 0 0; 0 0 1; 0 0 0", "moves the picture one cell to the left"),
    NamedKernel("edge", "1 0 -1; 1 0 -1; 1 0 -1", "vertical edges: bright on the left is positive"),
    NamedKernel("horizontal-edge", "1 1 1; 0 0 0; -1 -1 -1", "horizontal edges: bright on top is positive"),
    NamedKernel("diagonal-edge", "1 1 0; 1 0 -1; 0 -1 -1", "edges that rise to the right: /"),
    NamedKernel("antidiagonal-edge", "0 1 1; -1 0 1; -1 -1 0", "edges that fall to the right: \\"),
    NamedKernel("vertical-line", "-1 2 -1; -1 2 -1; -1 2 -1", "vertical lines one cell wide"),
    NamedKernel("horizontal-line", "-1 -1 -1; 2 2 2; -1 -1 -1", "horizontal lines one cell high"),
    NamedKernel("laplacian", "0 1 0; 1 -4 1; 0 1 0", "change in all directions, 4 neighbours"),
    NamedKernel("laplacian-8", "1 1 1; 1 -8 1; 1 1 1", "change in all directions, 8 neighbours"),
    NamedKernel("outline", "-1 -1 -1; -1 8 -1; -1 -1 -1", "outlines: 0 wherever the picture is flat"),
    NamedKernel("sharpen", "0 -1 0; -1 5 -1; 0 -1 0", "the picture plus its edges"),
    NamedKernel("sharpen-8", "-1 -1 -1; -1 9 -1; -1 -1 -1", "the picture plus its outlines: stronger"),
    NamedKernel("box-3", "1 1 1; 1 1 1; 1 1 1", "blur: the mean of 3×3 cells", 9),
    NamedKernel("box-5", "1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1; 1 1 1 1 1", "blur: the mean of 5×5 cells", 25),
    NamedKernel("gaussian-3", "1 2 1; 2 4 2; 1 2 1", "soft blur, the middle weighing most", 16),
    NamedKernel(
        "gaussian-5",
        "1 4 6 4 1; 4 16 24 16 4; 6 24 36 24 6; 4 16 24 16 4; 1 4 6 4 1",
        "softer blur: binomial weights, 1 4 6 4 1 each way",
        256,
    ),
    NamedKernel("unsharp", "-1 -2 -1; -2 28 -2; -1 -2 -1", "sharpen: twice the picture less gaussian-3", 16),
    NamedKernel("sobel-x", "-1 0 1; -2 0 2; -1 0 1", "slope from left to right, smoothed downwards"),
    NamedKernel("sobel-y", "-1 -2 -1; 0 0 0; 1 2 1", "slope from top to bottom, smoothed sideways"),
    NamedKernel("scharr-x", "-3 0 3; -10 0 10; -3 0 3", "as sobel-x, truer to the angle of the slope"),
    NamedKernel("scharr-y", "-3 -10 -3; 0 0 0; 3 10 3", "as sobel-y, truer to the angle of the slope"),
    NamedKernel("prewitt-x", "-1 0 1; -1 0 1; -1 0 1", "slope from left to right: edge with the sign turned"),
    NamedKernel("prewitt-y", "-1 -1 -1; 0 0 0; 1 1 1", "slope from top to bottom"),
    NamedKernel("roberts-x", "1 0; 0 -1", "slope along \\, 2×2"),
    NamedKernel("roberts-y", "0 1; -1 0", "slope along /, 2×2"),
    NamedKernel("emboss", "-2 -1 0; -1 1 1; 0 1 2", "relief, lit from the upper left"),
    NamedKernel("motion-blur", "1 0 0 0 0; 0 1 0 0 0; 0 0 1 0 0; 0 0 0 1 0; 0 0 0 0 1", "a diagonal smear", 5),
    NamedKernel("difference", "-1 1", "1-D: each cell's step to the next one"),
    NamedKernel("moving-average", "1 1 1", "1-D: the mean of three cells", 3),
)

KERNELS = {entry.name: entry for entry in _TABLE}

ALIASES = {
    "vertical-edge": "edge",
    "laplacian-4": "laplacian",
    "box": "box-3",
    "blur": "box-3",
    "mean": "box-3",
    "gaussian": "gaussian-3",
    "gauss": "gaussian-3",
    "prewitt": "prewitt-x",
    "sobel": "sobel-x",
    "scharr": "scharr-x",
    "roberts": "roberts-x",
}


def _folded(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def named(name: str) -> NamedKernel | None:
    """Return the kernel of that name or alias, if there is one."""
    key = _folded(name)
    return KERNELS.get(ALIASES.get(key, key))


def find(name: str) -> NamedKernel:
    """Return the kernel of that name or alias; raise UsageError naming the nearest ones.

    >>> find("box").name, find("Sobel_X").name
    ('box-3', 'sobel-x')
    """
    entry = named(name)
    if entry is not None:
        return entry
    close = list(dict.fromkeys(ALIASES.get(word, word) for word in nearest(_folded(name), [*KERNELS, *ALIASES], 5)))
    suggestion = f"did you mean {' or '.join(close[:3])}? " if close else ""
    raise UsageError(
        f"there is no kernel named '{name}'", hint=f"{suggestion}`convcalc kernels` lists all {len(KERNELS)}"
    )


def kernel(name: str) -> "Array":
    """Return a named kernel's weights (rows, columns): int64, or exact Fractions.

    >>> kernel("edge").tolist()
    [[1, 0, -1], [1, 0, -1], [1, 0, -1]]
    >>> str(kernel("box")[0, 0])
    '1/9'
    """
    from convcalc.engine.grids import as_grid

    return as_grid(find(name).cells)
