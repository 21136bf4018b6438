"""Grids in and out: text, CSV, TSV, JSON and NPY, from a file, from the command line or from a pipe."""
