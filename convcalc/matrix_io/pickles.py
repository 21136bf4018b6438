"""Looking through a pickle before it is loaded: what would exhaust memory, or Python's stack, is refused."""

import pickletools
from typing import IO

from convcalc.errors import InputError

DEEPEST = 50
"""Tuples within tuples: a state dict has four. Python compares them on its own stack, which deep ones overrun."""
CONTAINERS = frozenset(("LIST", "DICT", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"))
FILLS = frozenset(("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"))
"""What puts the top of the stack into something below it, which stays."""
STORES = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
RECALLS = frozenset(("GET", "BINGET", "LONG_BINGET"))
MARK = -1


def look_through(stream: IO[bytes]) -> None:
    """Read one pickle and come back to where it began; raise InputError where loading it would not be safe.

    >>> import io, pickle
    >>> look_through(io.BytesIO(pickle.dumps({"a": (1, 2)})))
    """
    start = stream.tell()
    stack: list[int] = []
    memo: dict[int, int] = {}
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        name, given = opcode.name, argument if isinstance(argument, int) else 0
        if name == "MARK":
            stack.append(MARK)
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in STORES:
            if given > count:
                raise InputError("its pickle is none of PyTorch's", hint="save it anew")
            memo[given] = stack[-1]
        elif name in RECALLS:
            stack.append(memo[given])
        elif name == "DUP":
            stack.append(stack[-1])
        else:
            taken = _taken(opcode, stack)
            if name in FILLS:
                stack.append(taken[0])
            elif opcode.stack_after:
                depth = 0 if name in CONTAINERS or not opcode.stack_before else 1 + max(taken, default=0)
                if depth > DEEPEST:
                    raise InputError("its pickle is nested too deep", hint="save the state dict alone")
                stack.append(depth)
    stream.seek(start)


def _taken(opcode: pickletools.OpcodeInfo, stack: list[int]) -> list[int]:
    """Take from the stack what an opcode takes, down to the last mark where it says so."""
    before = list(opcode.stack_before)
    taken: list[int] = []
    if pickletools.markobject in before:
        while stack and stack[-1] != MARK:
            taken.append(stack.pop())
        stack.pop()
        before = before[: before.index(pickletools.markobject)]
    taken += [stack.pop() for _ in before]
    return taken[::-1]
