"""``%load_ext convcalc``: ``%%convcalc`` runs a cell's lines as a script, with the notebook's own grids by name."""

import re
from typing import Any

from convcalc.errors import ConvcalcError
from convcalc.library.making import Script, run

_WORD = re.compile(r"[A-Za-z_]\w*")


def load_ipython_extension(ipython: Any) -> None:
    """Give a notebook the magic ``%%convcalc``; IPython calls this.

    ``%%convcalc name`` keeps the result under a name. A line may name any grid that the notebook has.
    """

    def convcalc(line: str, cell: str | None = None) -> Script | None:
        """Run the lines of a cell as a script of convcalc's commands, and show each one's work."""
        text = line if cell is None else cell
        from IPython.core.error import UsageError as CellError

        name = "" if cell is None else line.strip()
        if name and not name.isidentifier():
            raise CellError(f"%%convcalc {name}: that is no name (the lines go below it)")
        try:
            script = run(text, **_grids(text, ipython.user_ns))
        except ConvcalcError as error:  # which IPython shows without the way to it
            raise CellError(error.told) from None
        if name:
            ipython.push({name: script})
        return script

    ipython.register_magic_function(convcalc, "line_cell")


def _grids(text: str, variables: Any) -> dict[str, Any]:
    """Return the notebook's variables that the lines name, and that may be grids."""
    made = set(re.findall(r"^\s*([A-Za-z_]\w*)\s*=", text, re.MULTILINE))
    named = {word for word in _WORD.findall(text) if word in variables and word not in made}
    return {word: variables[word] for word in named if _is_grid(variables[word])}


def _is_grid(value: Any) -> bool:
    return hasattr(value, "__array__") or (isinstance(value, list) and bool(value))
