"""The command line: options to grids and settings, results to standard output or a file. Computes nothing."""
