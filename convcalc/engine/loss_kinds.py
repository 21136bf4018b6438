"""Every loss, each in one record: its terms, how one is written, what its input and its target may be.

A new loss is a record and its line in `LossKind`. Whatever is large is loaded when a number is worked, so that the
command line can name the losses at once.
"""

import math
from typing import TYPE_CHECKING, Any

from convcalc.choices import Word
from convcalc.engine.distances import Absolute, HalfSquared, Huber, Squared
from convcalc.engine.loss_record import Logits, LossRecord, WrittenTerm
from convcalc.engine.row_losses import Hinge, NegativeLogLikelihood
from convcalc.later import Later

if TYPE_CHECKING:
    import fractions

    import numpy as np

    from convcalc.engine import exact, functions, softmax, two_floats
    from convcalc.engine.exact import Array
    from convcalc.engine.loss_cells import LossCells
    from convcalc.engine.step import LossGradientStep, LossTerm
else:
    fractions, np = Later("fractions"), Later("numpy")
    exact, functions, softmax, two_floats = (
        Later(f"convcalc.engine.{name}") for name in ("exact", "functions", "softmax", "two_floats")
    )

LEAST_PRODUCT = 1e-12
"""What p·(1 − p) is at least taken for in a derivative, as PyTorch does."""
LEAST_LOG = -100.0
"""What the logarithm of a probability of 0 is taken for, as PyTorch's BCELoss does."""


class BinaryCrossEntropy(LossRecord):
    """−(t·ln p + (1 − t)·ln(1 − p)) of each cell."""

    formula = "−(t·ln p + (1 − t)·ln(1 − p))"
    mistaken = "each cell was taken for a class of its own"
    logits = Logits.IF_ASKED
    derivative = "(p − t)/(p·(1 − p))"
    logit_derivative, probability = "(p − t)", ", p = σ(x)"
    of_probabilities = True

    def terms(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Weigh both logarithms of every cell."""
        target = exact.as_floats(loss.target, exact.FLOAT64)
        assert logs is not None
        log_p, log_rest = logs
        return loss.rounded(-(target * log_p + _complements(loss.target) * log_rest))

    def logs(self, loss: "LossCells") -> "Array":
        """Return ln p and ln(1 − p), (2, …)."""
        if loss.logits:
            cells, rests = two_floats.floats_and_rests(loss.input)
            return -functions.softplus(np.stack([-cells, cells]), np.stack([-rests, rests]))
        both = np.stack([_logarithms(loss.input), _logarithms(loss.input, rest=True)])
        return np.asarray(np.maximum(both, LEAST_LOG))

    def chances(self, loss: "LossCells", index: int) -> list[Any]:
        """Return p and 1 − p."""
        cell = loss.input.ravel()[index : index + 1]
        if loss.logits:
            cells, rests = two_floats.floats_and_rests(cell)
            return [float(functions.sigmoid(cells, rests)[0]), float(functions.sigmoid(-cells, -rests)[0])]
        as_float, p = exact.float_kind(loss.input) is not None, exact.exact(cell[0])
        return [exact.shown_number(chance, as_float=as_float) for chance in (p, 1 - p)]

    def slopes(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Return σ(x) − t, as σ(x)·(1 − t) − (1 − σ(x))·t, which loses no digit."""
        cells, rests = two_floats.floats_and_rests(loss.input)
        target = exact.as_floats(loss.target, exact.FLOAT64)
        chance, rest = functions.sigmoid(cells, rests), functions.sigmoid(-cells, -rests)
        return np.asarray(chance * _complements(loss.target) - rest * target)

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return (p − t)/(p·(1 − p))."""
        return (x - target) / max(x * (1 - x), fractions.Fraction(LEAST_PRODUCT))

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write (0.8808 − 1), or (0.5 − 1)/(0.5×(1 − 0.5))."""
        gap, x = f"({write(step.chance)} − {write.factor(step.target)})", write.factor(step.cell)
        return gap if logits else f"{gap}/({x}×(1 − {x}))"

    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write -ln(sigmoid(2)) = -ln(0.8808); both logarithms where the target is neither 0 nor 1."""
        x, (p, rest) = write(term.cells[0]), (write(chance) for chance in term.probabilities)
        name, target = f"sigmoid({x})" if logits else x, write.factor(term.target[0])
        terms = dict.fromkeys((_bce(target, name, f"1 − {name}"), _bce(target, p, rest)))
        return WrittenTerm(tuple(terms), " = ", write.near(term.value, is_exact=term.value in (0, -LEAST_LOG)))


def _bce(target: str, p: str, rest: str) -> str:
    """Write a term of bce; a target of 0 or 1 leaves one logarithm of the two."""
    if target in ("0", "1"):
        return f"-ln({p if target == '1' else rest})"
    return f"-({target}×ln({p}) + (1 − {target})×ln({rest}))"


class CrossEntropy(LossRecord):
    """−Σ t·ln p of each row of classes."""

    formula = "−Σ t·ln p"
    mistaken = "each row was taken for a distribution over its cells"
    other_words = ("ce", "softmax")
    logits = Logits.UNLESS_REFUSED
    derivative = "−t/p"
    logit_derivative, probability = "(p − t)", ", p = softmax(x)"
    by_row = True
    takes_classes = True
    smooths = True

    def terms(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Take the logarithm of each row's class, or weigh those of all its classes."""
        assert logs is not None
        if loss.is_plain:
            return loss.rounded(-logs[np.arange(len(loss.input)), loss.target])
        target = loss.target_of_each
        products = np.where(target == 0, 0, target * np.where(target == 0, 0, logs))
        return loss.rounded(-products.sum(axis=-1))

    def logs(self, loss: "LossCells") -> "Array":
        """Return ln p of each cell."""
        if loss.logits:
            return softmax.worked_lines(*loss.probabilities.shifted, log=True)
        return _logarithms(loss.input)

    def chances(self, loss: "LossCells", index: int) -> list[Any]:
        """Return the probability of each class."""
        if not loss.logits:
            return list(loss.input[index])
        shifted, rests = loss.probabilities.shifted
        return [float(p) for p in softmax.worked_lines(shifted[index], rests[index], log=False)]

    def slopes(self, loss: "LossCells", logs: "Array | None") -> "Array":
        """Return p·Σt − t, as p·(Σt − t) − (1 − p)·t, which loses no digit; Σt, of a row, is 1 as a rule."""
        assert logs is not None
        target = loss.target_of_each
        if loss.is_plain:
            rests = 1 - target
        elif target.size > exact.LARGEST_EXACT:
            rests = target.sum(axis=-1, keepdims=True) - target
        else:
            rests = np.array([[math.fsum([*row, -cell]) for cell in row] for row in target])
        return np.asarray(np.exp(logs) * rests + np.expm1(logs) * target)

    def slope_exactly(self, x: Any, target: Any, *parameters: Any) -> Any:
        """Return −t/p."""
        return -target / fractions.Fraction(x) if target else 0

    def slope_written(self, write: Any, step: "LossGradientStep", *, logits: bool) -> str:
        """Write (0.7 − 1), or -1/0.7; where the targets of a row add to 0.9, (0.7×0.9 − 0.5)."""
        target = write.factor(step.target)
        if not logits:
            return f"-{target}/{write.factor(step.cell)}"
        return f"({write(step.chance) if step.total == 1 else f'{write(step.chance)}×{write(step.total)}'} − {target})"

    def written(self, term: "LossTerm", write: Any, *, logits: bool) -> WrittenTerm:
        """Write -ln(p[2]) = -ln(0.7)."""
        index = int(term.target[0])
        chance = write(term.probabilities[index])
        if chance == "1.0000":
            chance = f"1 − {write(term.rest)}"
        near = write.near(term.value, is_exact=term.value == 0)
        weight = "" if term.weight == 1 else f"{write.factor(term.weight)}×"
        minus = ("(-ln({}))" if weight else "-ln({})").format
        return WrittenTerm((f"{weight}{minus(f'p[{index}]')}", f"{weight}{minus(chance)}"), " = ", near)


def _complements(cells: "Array") -> "Array":
    """Return 1 − p of probabilities, each from the exact p."""
    if cells.size > exact.LARGEST_EXACT:
        return np.asarray(1 - exact.as_floats(cells, exact.FLOAT64))
    return np.array([float(1 - exact.exact(cell)) for cell in cells.ravel()]).reshape(cells.shape)


def _logarithms(cells: "Array", *, rest: bool = False) -> "Array":
    """Return ln p of probabilities, or with `rest` ln(1 − p), each from the exact p; -inf for 0."""
    if cells.size > exact.LARGEST_EXACT:
        floats = exact.as_floats(cells, exact.FLOAT64)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(-floats) if rest else np.log(floats))
    exactly = (1 - exact.exact(cell) if rest else exact.exact(cell) for cell in cells.ravel())
    return np.array([_logarithm(p) for p in exactly]).reshape(cells.shape)


def _logarithm(p: Any) -> float:
    if 2 * p > 1:
        return math.log1p(-float(1 - p))
    return math.log(float(p)) if float(p) else -math.inf


class LossKind(Word):
    """What is made of the distance between an output and its target, by its word."""

    record: LossRecord

    CROSS_ENTROPY = "cross-entropy", CrossEntropy()
    BCE = "bce", BinaryCrossEntropy()
    MSE = "mse", Squared()
    MAE = "mae", Absolute()
    HALF_MSE = "half-mse", HalfSquared()
    HUBER = "huber", Huber()
    NLL = "nll", NegativeLogLikelihood()
    HINGE = "hinge", Hinge()
