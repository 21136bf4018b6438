"""Reading PyTorch source files: the text is parsed and followed step by step, never executed."""
