"""Random numbers that are the same on every machine, Python and NumPy.

NumPy keeps the bits of PCG64 and SeedSequence fixed, but may change how its Generator makes numbers of them.
So everything here is made from the raw bits by arithmetic written out.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class Stream:
    """One stream of draws; the same seed and path always give the same stream."""

    def __init__(self, seed: int, *path: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *path]))

    def uniform(self, count: int) -> Floats:
        """Uniform in [0, 1), from the upper 53 bits."""
        raw = np.asarray(self._bits.random_raw(count), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, count: int, low: int, high: int) -> Integers:
        """Whole numbers in [low, high)."""
        return low + np.floor(self.uniform(count) * (high - low)).astype(np.int64)

    def chance(self, count: int, probability: float | Floats) -> Booleans:
        """True with the probability."""
        return self.uniform(count) < probability

    def bell(self, count: int) -> Floats:
        """Bell-shaped, mean 0, variance 1: four uniforms added (no function whose last digit may differ)."""
        total: Floats = self.uniform(4 * count).reshape(4, count).sum(axis=0)
        return (total - 2.0) * 1.7320508075688772

    def pick(self, count: int, weights: Sequence[float] | Floats) -> Integers:
        """Positions drawn in proportion to the weights."""
        cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(cumulative, self.uniform(count) * cumulative[-1], side="right")
        position: Integers = np.minimum(found, len(cumulative) - 1).astype(np.int64)
        return position
