"""The README's picture is made by a command of the README: remade with ``--refresh-golden``."""

import re
from collections.abc import Callable

from tests.conftest import GOLDEN, ROOT, Convcalc

PICTURE = GOLDEN / "readme-step.svg"


def test_the_picture_is_what_the_command_writes(convcalc: Convcalc, golden: Callable[[str, str], None]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"]({PICTURE.relative_to(ROOT)})" in readme
    words = re.findall(rf"convcalc (conv .*) -o {PICTURE.relative_to(ROOT)}", readme)[0].split()
    golden(PICTURE.name, convcalc(*words, "--format", "svg").stdout)
