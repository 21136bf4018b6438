"""Powers as they are typed, e^(x − max), taken apart for formats that raise them."""

import re
from collections.abc import Iterator

POWER = re.compile(r"\^(\((?:[^()]|\([^()]*\))*\)|[-−]?\([^()]*\)|[-−]?[\w.]+)")


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of an expression, and whether each is an exponent, without the brackets around all of it.

    >>> list(pieces("1/(1 + e^-x)")), list(pieces("e^(x − max)/Σ"))
    ([('1/(1 + e', False), ('-x', True), (')', False)], [('e', False), ('x − max', True), ('/Σ', False)])
    """
    at = 0
    for power in POWER.finditer(text):
        yield text[at : power.start()], False
        exponent = power[1]
        is_whole = exponent.startswith("(") and exponent.endswith(")")
        yield exponent[1:-1] if is_whole else exponent, True
        at = power.end()
    if at < len(text):
        yield text[at:], False
