"""Long work: how far it is, told at a terminal and nowhere else; and a network's pass backward in floats."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convcalc as cc
from convcalc.cli import progress
from convcalc.cli.progress import counted
from convcalc.inference import parameters
from convcalc.inference.parameters import drawn
from convcalc.network import zoo
from convcalc.network.source.folders import network_in
from convcalc.render.frames import moving
from convcalc.report.document import Heading
from convcalc.watch import unwatched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", shown := Terminal())
    return shown


@pytest.mark.parametrize(("total", "said"), [(3, "2 of 3 sheets"), (None, "2 sheets")])
def test_a_bar_tells_how_much_is_done(monkeypatch: pytest.MonkeyPatch, total: int | None, said: str) -> None:
    terminal = at_terminal(monkeypatch)
    with progress.progress(total, "sheets", after=0) as advance:
        advance(1)
        advance(1)
    assert said in terminal.getvalue()
    assert "\x1b[?25l" not in terminal.getvalue(), "the cursor stays"


def test_what_takes_no_moment_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    assert list(counted([1, 2, 3], 3, "sheets")) == list(unwatched([1, 2, 3], 3, "sheets")) == [1, 2, 3]
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("term", ["dumb", None])
def test_where_no_person_looks_there_is_no_bar(monkeypatch: pytest.MonkeyPatch, term: str | None) -> None:
    terminal = at_terminal(monkeypatch)
    if term is None:
        monkeypatch.setattr(terminal, "isatty", lambda: False)
    else:
        monkeypatch.setenv("TERM", term)
    with progress.progress(3, "sheets", after=0) as advance:
        advance(3)
    assert terminal.getvalue() == ""


def test_a_bar_goes_where_the_work_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    monkeypatch.setattr(progress, "A_MOMENT", -1)
    sheets = counted([1, 2, 3], 3, "sheets")
    assert [next(sheets), next(sheets)] == [1, 2]
    assert "of 3 sheets" in terminal.getvalue()
    sheets.close()  # type: ignore[attr-defined]
    assert terminal.getvalue().endswith("\x1b[2K"), "and takes its line along"


# ---- a network's pass backward


@pytest.mark.parametrize(
    ("channels", "filters", "groups", "side", "stride"),
    [(16, 24, 1, 72, 1), (3, 16, 1, 96, 2), (32, 32, 32, 40, 1), (8, 16, 2, 64, 2)],
)
def test_the_gradient_of_a_large_kernel_is_right_to_the_last_places(
    channels: int, filters: int, groups: int, side: int, stride: int
) -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(channels, side, side)).astype("f4")
    kernel = random.normal(size=(filters, channels // groups, 3, 3)).astype("f4")
    made = cc.convolve(x, kernel, groups=groups, stride=stride, channels_first=True)
    gradient = random.normal(size=made.shape).astype("f4")
    found = np.asarray(made.backward(gradient).kernel)

    windows = np.lib.stride_tricks.sliding_window_view(x.astype("f8"), (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    depth, each = channels // groups, filters // groups

    def summed(cells: Any, from_behind: Any) -> Any:
        parts = [
            np.einsum("oyx,cyxij->ocij", from_behind[g * each : (g + 1) * each], cells[g * depth : (g + 1) * depth])
            for g in range(groups)
        ]
        return np.concatenate(parts)

    expected = summed(windows, gradient.astype("f8"))
    sizes = summed(np.abs(windows), np.abs(gradient.astype("f8")))
    assert (np.abs(found - expected) <= 16 * np.spacing(sizes.astype("f4"))).all()


@pytest.mark.parametrize("kind", ["relu", "relu6"])
def test_a_gradient_that_comes_through_is_not_touched(kind: str) -> None:
    x = np.array([-1.5, -0.0, 0.0, 1e-30, 0.1, 5.9999995, 6.0, 6.0000005], "f4")
    gradient = np.array([0.1, 1e-40, 3, -7.25, 1 / 3, 2**-149, 16777217, -0.2], "f4")
    found = cc.activate(x, kind).backward(gradient).input
    top = 6 if kind == "relu6" else np.inf
    assert np.asarray(found).tolist() == np.where((x > 0) & (x < top), gradient, np.float32(0)).tolist()
    assert found.dtype == np.float32


def test_a_loss_of_many_classes_makes_no_table_of_them_all() -> None:
    logits = np.zeros((2, 5000))
    back = cc.cross_entropy(logits, [4999, 0]).backward().input
    expected = (np.full((2, 5000), 1 / 5000) - np.eye(5000)[[4999, 0]]) / 2
    assert np.abs(np.asarray(back.float()) - expected).max() < 1e-12


# ---- what else goes through a watch


def watched(seen: list[str]) -> Any:
    def watch(items: Any, total: int, noun: str) -> Any:
        parts = list(items)
        assert len(parts) == total
        seen.append(f"{total} {noun}")
        return iter(parts)

    return watch


def test_weights_that_are_drawn_files_that_are_read_and_frames_are_told(tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="moving pictures are drawn with Pillow")
    seen: list[str] = []
    trace, _ = zoo.entry("lenet5").build()
    told, untold = drawn(trace, 3, watched(seen)), drawn(trace, 3)
    assert all((told[layer][name] == untold[layer][name]).all() for layer in told for name in told[layer])
    for name in "ab":
        (tmp_path / f"{name}.py").write_text(f"class {name.upper()}(Module): pass\n")
    assert network_in(tmp_path, "B", watched(seen)) == (tmp_path / "b.py", "B")
    assert moving([[Heading("one")], [Heading("two")]], "GIF", watched(seen)).startswith(b"GIF89a")
    assert seen == ["5 layers drawn", "2 files", "2 frames"]


def test_weights_drawn_part_by_part_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    trace, _ = zoo.entry("lenet5").build()
    whole = drawn(trace, 7)
    monkeypatch.setattr(parameters, "DRAWN_AT_ONCE", 11)
    assert all((drawn(trace, 7)[layer][name] == own[name]).all() for layer, own in whole.items() for name in own)
