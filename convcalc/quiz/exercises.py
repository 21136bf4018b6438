"""All exercises, made up at random by topic and level: in going forward first, then backward, then in networks."""

from convcalc.quiz import forward_exercises, gradient_exercises, network_exercises
from convcalc.quiz.topics import TOPICS

EASIEST, HARDEST = 1, 5

__all__ = ["EASIEST", "HARDEST", "TOPICS", "forward_exercises", "gradient_exercises", "network_exercises"]
