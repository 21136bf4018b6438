"""convcalc from Python: the operations as functions, whose results show themselves."""
