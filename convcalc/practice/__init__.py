"""Questions, the marking of answers, and what probably went wrong."""
