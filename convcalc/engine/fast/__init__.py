"""Quick ways to the same numbers: a way for each kernel and window, on all processors, and in bands of large files."""
