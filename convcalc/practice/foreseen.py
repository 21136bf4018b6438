"""What is foreseen of a question: the mistakes that marking names, as data, in the order in which it looks for them."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.mistakes.making import Mistake
from convcalc.practice.marking import core, neighbours, reaches
from convcalc.practice.question import Question
from convcalc.report.numbers import plain


def foreseen(question: Question) -> list[Mistake]:
    """Return the mistakes and what each leads to of what is asked for; `edits` counts in which round it is looked at.

    Of one cell that is asked for, first what leaves the output its shape, then other cells, then the rest.
    """
    if question.at is None:
        return list(question.mistakes())
    answer, at = question.answer, question.at
    single = [m for m in takewhile(lambda mistake: mistake.edits == 1, question.mistakes()) if reaches(m.answer, at)]
    rounds = [
        *((1 if m.answer.shape == answer.shape else 3, m.reason, m.answer[at]) for m in single),
        *((2, reason, answer[other]) for reason, other in neighbours(answer, at)),
    ]
    ordered = sorted(rounds, key=lambda one: one[0])
    return [Mistake(why, np.array([cell], dtype=object), n) for n, why, cell in ordered if cell != answer[at]]


def marking_of(question: Question) -> Mapping[str, Any]:
    """Return the answer and what is foreseen as what JSON can hold: shapes, cells as exact texts, reasons."""
    return {
        "shape": core(question.asked_for),
        "cells": texts_of(question.asked_for),
        "mistakes": [[m.edits, m.reason, core(m.answer), texts_of(m.answer)] for m in foreseen(question)],
    }


def texts_of(grid: Array) -> list[str]:
    """Return cells as texts that say them exactly, a float with all its digits.

    >>> import numpy as np
    >>> texts_of(np.array([[1, 2]])), texts_of(np.array([0.5]))
    (['1', '2'], ['0.5'])
    """
    return [str(plain(cell)) for cell in grid.flat]
