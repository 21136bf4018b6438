"""A chain of windows as a Document: the formula of each size, and how much of the input is seen. No numpy."""

from convcalc.network.chain import LinkResult
from convcalc.report.document import Calculation, Document, Heading, Role, Sum, Table, Text
from convcalc.report.formulas import SizeFormula


def worked_chain(sizes: tuple[int, ...], chain: list[LinkResult]) -> Calculation:
    """Return the work of a chain; the answer has a row for each link, its size (or rows and columns)."""
    outputs = [[axis.output for axis in linked.axes] for linked in chain]
    return Calculation(_work(sizes, chain, outputs), lambda: outputs)


def _work(sizes: tuple[int, ...], chain: list[LinkResult], outputs: list[list[int]]) -> Document:
    yield Heading(f"size chain · input {_pair(sizes)} → {_pair(tuple(outputs[-1]))}", ("(N + 2P − F)/S + 1",))
    yield Text("")
    rows = [("input", "", _pair(sizes), "1", "1")]
    for linked, output in zip(chain, outputs, strict=True):
        formulas = list(dict.fromkeys(str(SizeFormula.of(axis)) for axis in linked.axes))
        field = _pair(tuple(int(along.size) for along in linked.fields))
        jump = _pair(tuple(int(along.jump) for along in linked.fields))
        rows.append((linked.link.text, "; ".join(formulas), _pair(tuple(output)), field, jump))
    yield Table(("window", "formula", "size", "field", "jump"), tuple(rows), frozenset({0, 1}))
    yield Text("")
    yield from _fields(chain)
    yield Text(
        "  Field: cells of the input that one output cell sees, f + (F − 1)·jump; jump: S times as far.", Role.QUIET
    )


def _fields(chain: list[LinkResult]) -> Document:
    """Write the last field out, from the first window on."""
    terms, jump = ["1"], 1
    for linked in chain:
        axis = linked.axes[0]
        if axis.extent > 1:
            terms.append(f"({axis.extent} − 1)·{jump}")
        jump *= axis.stride
    if len(set(chain[-1].fields)) == 1:
        yield Sum(tuple(terms), " + ", f"= {int(chain[-1].fields[0].size)}", label="field ")


def _pair(numbers: tuple[int, ...]) -> str:
    return "×".join(map(str, numbers)) if len(set(numbers)) > 1 else str(numbers[0])
