"""The command line: options to grids and settings, results to standard output or a file. Computes nothing."""

import gc

# Imports make a hundred thousand objects, none of them garbage: looking through them takes a tenth of the start.
gc.set_threshold(100_000, 20, 50)
