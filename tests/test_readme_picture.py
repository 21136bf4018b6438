"""The README's pictures are made by commands of the README: remade with ``--refresh-golden``."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import GOLDEN, ROOT, Convcalc


@pytest.mark.parametrize("name", ["readme-step.svg", "lenet5.svg"])
def test_the_picture_is_what_the_command_writes(
    convcalc: Convcalc, golden: Callable[[str, str], None], tmp_path: Path, name: str
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    place = (GOLDEN / name).relative_to(ROOT)
    assert f"]({place})" in readme
    words = re.findall(rf"convcalc (.*) -o {place}", readme)[0].split()
    assert convcalc(*words, "-o", str(tmp_path / name)).status == 0
    golden(name, (tmp_path / name).read_text(encoding="utf-8"))
