"""Time convcalc against whatever peers are installed (scipy, torch, OpenCV, scikit-image), and write it down.

    python -m benchmarks [--quick] [--only WORD] [--json FILE] [--markdown FILE] [--plot FILE.svg]

Run it from the project's root, in an environment into which convcalc is installed; `pip install -e '.[bench]'` brings
the peers. --quick takes less than a minute: smaller grids, fewer turns.
"""

import argparse
import io
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The threads of others would spin for a while after their work, and take a processor from ours.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numpy as np

from benchmarks import cases, curves, peers
from benchmarks.timing import Case, Row, measure, table
from convcalc.matrix_io.saving import write_whole


def machine() -> dict[str, str]:
    """Return what this was measured on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    told = {"machine": f"{os.cpu_count()} × {cpu}", "Python": platform.python_version(), "numpy": np.__version__}
    return told | peers.versions()


def chosen(word: str, *, quick: bool) -> Iterator[Case]:
    """Yield the cases in whose group or name a word stands; their files are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        for group in (cases.start(), cases.drawing(Path(folder)), cases.key_pressed(), cases.engine(quick=quick),
                      cases.networks(), cases.ways(quick=quick)):  # fmt: skip
            yield from (case for case in group if word in f"{case.group} {case.name}")
        if word in "a large file":
            yield from cases.large(Path(folder), quick=quick)


def main() -> None:
    """Run the cases, print a row as soon as it is measured, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller grids and fewer turns: under a minute")
    parser.add_argument(
        "--only", default="", metavar="WORD", help="only the groups or cases whose names have this word"
    )
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE.svg", help="cost against size, n = 6 … 4096")
    asked = parser.parse_args()
    told = machine()
    print(
        ", ".join(f"{name} {value}" if name != "machine" else value for name, value in told.items()), "\n", flush=True
    )
    rows: list[Row] = []
    for case in chosen(asked.only, quick=asked.quick):
        rows.append(measure(case, budget=0.4 if asked.quick else 4, most=7 if asked.quick else 31,
                            least=3 if case.group == "a large file" else 5))  # fmt: skip
        row = rows[-1]
        ratios = "  ".join(f"÷ {peer} {middle:.2f}" for peer, (middle, _, _) in row.ratios.items())
        print(f"{row.name:32} {row.seconds * 1e3:9.1f} ms  {ratios}", flush=True)
    text = "\n".join(table(rows))
    print(f"\n{text}")
    if asked.markdown is not None:
        write_whole(Path(asked.markdown), iter(text.splitlines()))
    if asked.json is not None:
        whole = {"machine": told, "rows": [row.as_json() for row in rows]}
        write_whole(Path(asked.json), iter(json.dumps(whole, ensure_ascii=False, indent=2).splitlines()))
    if not asked.only or "size" in asked.only:
        found = curves.curves(quick=asked.quick)
        print("\n".join(curves.as_text(found)))
        if asked.plot is not None:
            write_whole(Path(asked.plot), curves.as_svg(found).encode())


if __name__ == "__main__":
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    main()
