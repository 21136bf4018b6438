"""Every way of reducing windows gives what a loop over them gives; the table reaches each."""

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from convcalc.engine.exact import Array
from convcalc.engine.fast import reductions, threads
from convcalc.engine.fast.reductions import WAYS, reduced, way_for, windows_of
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis, Axis
from convcalc.engine.pooling import pool

pytestmark = pytest.mark.slow

MEETS: dict[Any, Any] = {np.maximum: max, np.minimum: min, np.add: sum}


@pytest.fixture(params=["as it is", "many bands and threads"], autouse=True)
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the work into bands of a few rows and give each to a thread, as only large inputs are."""
    if request.param != "as it is":
        monkeypatch.setattr(reductions, "BAND", 300)
        monkeypatch.setattr(reductions, "INPUT_WORTH_A_THREAD", 1)
        for module in (reductions, threads):
            monkeypatch.setattr(module, "processors", lambda: 3)


def axis(rng: random.Random) -> AnyAxis:
    """An axis made up at random: windows that overlap or not, dilated, long, or fitted to an output's size."""
    size = rng.randint(1, 80)
    if rng.random() < 0.3:
        return AdaptiveAxis(size, rng.randint(1, size + 2))
    window = rng.choice((rng.randint(1, 4), rng.randint(1, size), size))
    dilation = rng.randint(1, 3) if rng.random() < 0.3 else 1
    if dilation * (window - 1) + 1 > size:
        dilation = 1
    return Axis(min(size, 80), min(window, size), rng.choice((1, 2, 3, window)), dilation=dilation)


def slowly(x: Array, rows: AnyAxis, columns: AnyAxis, meet: Any) -> list[Any]:
    return [
        [
            [
                [
                    MEETS[meet](plane[r][c] for r in rows.reads(i) for c in columns.reads(j))
                    for j in range(columns.output)
                ]
                for i in range(rows.output)
            ]
            for plane in planes
        ]
        for planes in x.tolist()
    ]


def test_every_window_is_reduced_as_a_loop_reduces_it() -> None:
    reached: Counter[str] = Counter()
    for seed in range(150):
        rng = random.Random(seed)
        rows, columns, meet = axis(rng), axis(rng), rng.choice(list(MEETS))
        shape = rng.randint(1, 2), rng.randint(1, 3), rows.padded, columns.padded
        x = np.array([rng.randint(-(10**6), 10**6) for _ in range(int(np.prod(shape)))]).reshape(shape)
        for dtype in (np.int64, np.float32, np.float64, object):
            cells = x.astype(dtype) if dtype != np.float32 else (x % 100).astype(dtype)  # float32 holds their sums
            made = reduced(cells, rows, columns, meet)
            assert made.dtype == cells.dtype
            assert made.tolist() == slowly(cells, rows, columns, meet), seed
        reached.update(way_for(windows_of(one)).name for one in (rows, columns))
    assert set(reached) == {way.name for way in WAYS}
    assert min(reached.values()) >= 5


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_each_way_reduces_whatever_windows_as_a_loop_does(way: Any) -> None:
    fitting = 0
    for seed in range(200):
        rng = random.Random(seed)
        one, meet = axis(rng), rng.choice(list(MEETS))
        windows = windows_of(one)
        if bool(windows.unequal) != (way.name == "one by one"):
            continue
        x = np.array([[[rng.randint(-99, 99) for _ in range(one.padded)] for _ in range(3)]])
        out = np.empty((1, 3, one.output), x.dtype)
        way.run(x, windows, 2, meet, out)
        assert out.tolist()[0] == [[MEETS[meet](row[c] for c in one.reads(i)) for i in range(one.output)]
                                   for row in x[0].tolist()], seed  # fmt: skip
        fitting += 1
    assert fitting > 20


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (Axis(8, 2, 2), "shifted"),
        (Axis(8, 3, 1), "shifted"),
        (Axis(100, 9, 1), "doubled"),
        (Axis(100, 9, 3), "shifted"),
        (Axis(128, 32, 32), "at once"),
        (AdaptiveAxis(64, 1), "at once"),
        (AdaptiveAxis(64, 32), "shifted"),
        (AdaptiveAxis(64, 24), "one by one"),
    ],
)
def test_the_table_takes_the_way_it_says(one: AnyAxis, name: str) -> None:
    assert way_for(windows_of(one)).name == name


def test_an_input_that_is_seen_from_its_side_is_pooled_alike() -> None:
    x = np.arange(600.0).reshape(3, 20, 10)
    for seen in (x.transpose(0, 2, 1), x[:, ::-1], x[..., ::2], np.asfortranarray(x)):
        for kind in ("max", "avg"):
            assert pool(seen, kind).output.tolist() == pool(seen.copy(order="C"), kind).output.tolist()
