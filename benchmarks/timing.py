"""Timing in turns: every case runs ours and its peers A B C B C A …, so that a machine that slows down slows them all.

Each turn begins with another, so that none always finds the cache as the same one left it.

What is compared is the ratio ours ÷ theirs of each turn (below 1 we are quicker): its median, and its quartiles.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from statistics import median, quantiles
from typing import Any, NamedTuple

Job = Callable[[], Any]


class Case(NamedTuple):
    """One piece of work: its group and name, how it is done here, and by each peer that is installed."""

    group: str
    name: str
    ours: Job
    peers: Mapping[str, Job]


class Row(NamedTuple):
    """What a case came to: our seconds (median), and for each peer the ratio's median and quartiles."""

    group: str
    name: str
    seconds: float
    ratios: dict[str, tuple[float, float, float]]

    def as_json(self) -> dict[str, Any]:
        """Return the row for JSON."""
        ratios = {
            peer: dict(zip(("median", "low", "high"), spread, strict=True)) for peer, spread in self.ratios.items()
        }
        return {"group": self.group, "name": self.name, "seconds": self.seconds, "ratios": ratios}


def timed(job: Job) -> float:
    """Return the seconds that one run takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def measure(case: Case, budget: float, most: int = 31, least: int = 5) -> Row:
    """Run a case in turns until its share of time is spent; the first turn only warms up."""
    jobs = {"ours": case.ours, **case.peers}
    order = deque(jobs)
    for job in jobs.values():
        job()
    turns: list[dict[str, float]] = []
    end = time.perf_counter() + budget
    while len(turns) < least or (time.perf_counter() < end and len(turns) < most):
        turns.append({name: timed(jobs[name]) for name in order})
        order.rotate(-1)
    ratios = {}
    for peer in case.peers:
        each = [turn["ours"] / turn[peer] for turn in turns]
        low, _, high = quantiles(each, n=4)
        ratios[peer] = median(each), low, high
    return Row(case.group, case.name, median(turn["ours"] for turn in turns), ratios)


def table(rows: list[Row]) -> Iterator[str]:
    """Yield a Markdown table for each group: our time, and the ratio to each peer with its quartiles."""
    for group in dict.fromkeys(row.group for row in rows):
        mine = [row for row in rows if row.group == group]
        peers = list(dict.fromkeys(peer for row in mine for peer in row.ratios))
        yield f"| {' | '.join([group, 'ours, ms', *(f'÷ {peer}' for peer in peers)])} |"
        yield f"|---|---:|{'---:|' * len(peers)}"
        for row in mine:
            cells = [_told(row.ratios.get(peer)) for peer in peers]
            yield f"| {' | '.join([row.name, f'{row.seconds * 1e3:.1f}', *cells])} |"
        yield ""


def _told(spread: tuple[float, float, float] | None) -> str:
    if spread is None:
        return ""
    middle, low, high = spread
    return f"{middle:.2g} ({low:.2g}–{high:.2g})" if middle < 10 else f"{middle:.0f} ({low:.0f}–{high:.0f})"
