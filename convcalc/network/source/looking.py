"""What a piece of code may do to a network, as its text tells before it is followed."""

import ast

FILLED = ("data", "weight", "bias", "requires_grad", "grad")
"""Attributes that are given numbers, and keep their shape."""


def freezes(node: ast.AST) -> bool:
    """Whether code says of parameters whether they are trained."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            stored = part.attr in ("requires_grad", "trainable") and isinstance(part.ctx, ast.Store)
            if stored or part.attr == "requires_grad_":
                return True
        elif isinstance(part, ast.Call) and getattr(part.func, "id", "") == "setattr":
            words = {one.value for one in part.args if isinstance(one, ast.Constant)}
            if words & {"requires_grad", "trainable"}:
                return True
    return False


def changes_layers(node: ast.AST) -> bool:
    """Whether a function gives an attribute a value that could change a layer: filling its weights does not."""
    for part in ast.walk(node):
        stored = isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store)
        if stored and isinstance(part, ast.Attribute) and part.attr not in FILLED:
            return True
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in ("setattr", "delattr"):
            return True
    return False


ADDING = ("add_module", "append", "insert", "extend", "register_module", "register_parameter", "register_buffer",
          "weight_norm", "spectral_norm", "remove_weight_norm")  # fmt: skip
"""What gives a module more parts, or a layer other parameters."""


def adds_parts(node: ast.AST) -> bool:
    """Whether a function gives a module other parts, or a layer other parameters."""
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            return True
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            if name in ADDING:
                return True
    return False
