"""Documents become text: `layout` places, `terminal` dresses, `plain` does not; other formats draw cell by cell.

Nothing here computes a number.
"""
