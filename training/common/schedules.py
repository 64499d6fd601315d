"""How the learning rate goes over a run."""

import math
from typing import Literal

Schedule = Literal["cosine", "linear", "constant"]


def rate_share(
    schedule: Schedule, step: int, share: float, warmup: int, lowest: float = 0.0
) -> float:
    """The share of the highest learning rate that a step is given.

    Args:
        schedule: how it falls once it is warm.
        step: steps that were made before.
        share: of the run, by time or steps, that is over, from 0 to 1.
        warmup: steps over which it rises from 0 in a line.
        lowest: it does not fall below this share; the warm-up may.
    """
    falls = {"cosine": 0.5 * (1 + math.cos(math.pi * share)), "linear": 1 - share, "constant": 1.0}
    return min(1.0, (step + 1) / (warmup + 1)) * max(falls[schedule], lowest)
