"""Results become Documents: headings, pictures of matrices, sums and tables. Selects and labels, no arithmetic."""
