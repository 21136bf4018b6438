"""Where the milliseconds of a start go: the same process with more and more of it, run in turns; and by instructions.

    python -m benchmarks.start [TURNS]

Run it in an environment into which convcalc is installed from a wheel, so that all is compiled. Each part is the
median of what a process takes more than the one before it. The clock is at the mercy of what else a machine does; the
instructions, which valgrind counts if it is there, are the same every time.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

GRID = "3 0 1 2 7 4; 1 5 8 9 3 1; 2 7 2 5 1 3; 0 1 3 1 7 8; 4 2 1 6 2 8; 2 4 5 2 3 9"
COMMANDS = {
    "`size -n 7 -f 3 -s 2`": ("size", "-n", "7", "-f", "3", "-s", "2"),
    "`conv`, 6×6": ("conv", "-i", GRID, "-k", "edge"),
    "`--help`": ("--help",),
}
PARTS = ("Python itself", "typer", "the commands' table", "numpy", "convcalc's own modules", "the work, and the end")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
END = "; import os; os._exit(0)"


def stages(words: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield processes, each of which does all that the one before it does, and then some more."""
    ran = f"import sys; from convcalc.cli.app import run; run({list(words)!r}); print('LOADED', *sys.modules)"
    told = subprocess.run([sys.executable, "-c", ran], capture_output=True, check=True, text=True, env=ENVIRONMENT)
    loaded = told.stdout.rpartition("LOADED ")[2].split()
    own = [name for name in loaded if name.split(".")[0] == "convcalc"]
    imports = ["import convcalc.cli, typer.main", "import convcalc.cli.app"]
    imports.append(imports[-1] + (", numpy" if "numpy" in loaded else ""))
    imports.append(", ".join([imports[-1], *own]))
    yield [sys.executable, "-c", "pass"]
    for code in imports:
        yield [sys.executable, "-c", code + END]
    yield [sys.executable, str(Path(sys.executable).parent / "convcalc"), *words]


def seconds(process: list[str]) -> float:
    """Return how long a process takes."""
    begin = time.perf_counter()
    subprocess.run(process, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - begin


def instructions(process: list[str]) -> float:
    """Return how many millions of instructions a process takes, its hashes not drawn; NaN without valgrind."""
    if shutil.which("valgrind") is None:
        return float("nan")
    counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *process]
    told = subprocess.run(counted, capture_output=True, check=True, env={**ENVIRONMENT, "PYTHONHASHSEED": "0"})
    found = re.search(rb"Collected : (\d+)", told.stderr)
    assert found is not None
    return int(found[1]) / 1e6


def parts(values: list[float]) -> list[float]:
    """Return what each stage takes more than the one before it, and the whole."""
    return [values[0], *(after - before for before, after in pairwise(values)), values[-1]]


def main() -> None:
    """Print the table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    columns = {}
    for name, words in COMMANDS.items():
        processes = list(stages(words))
        timed = [parts([seconds(process) * 1e3 for process in processes]) for _ in range(turns)]
        clock = [statistics.median(times) for times in zip(*timed, strict=True)]
        counts = parts([instructions(process) for process in processes])
        same = [False, *(one == other for one, other in pairwise(processes)), False]
        columns[name] = list(zip(clock, counts, same, strict=True))
    print(f"| ms (millions of instructions) | {' | '.join(columns)} |")
    print(f"|---|{'---:|' * len(columns)}")
    for index, part in enumerate((*PARTS, "in all")):
        told = (column[index] for column in columns.values())
        cells = ["–" if nothing_more else f"{clock:.0f} ({count:.0f})" for clock, count, nothing_more in told]
        print(f"| {part} | {' | '.join(cells)} |")
    ratios = [f"{clock[-1][0] / clock[0][0]:.1f} ({clock[-1][1] / clock[0][1]:.1f})" for clock in columns.values()]
    print(f"| ÷ `python -c pass` | {' | '.join(ratios)} |")


if __name__ == "__main__":
    main()
