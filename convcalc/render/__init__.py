"""Documents become text: `layout` places, `terminal` dresses, `plain` does not. Nothing here computes a number."""
