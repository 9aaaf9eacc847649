"""Ids that stand in a file more than once, found with little memory.

Ids are looked at as 64-bit hashes (two of ten million fall together once in 400,000 files). They are parted
by their last bits; beyond a million the parts lie in the scratch folder, and are looked at one by one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

PARTS = 64
IN_MEMORY = 1_000_000


class Repeats:
    """Gathers ids with their rows; then says which ids came again, and the last row of each."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch / "ids"
        self._waiting: list[npt.NDArray[np.uint64]] = []
        self._count = 0
        self._is_spilled = False

    def add(self, ids: "pl.Series", rows: list[int]) -> None:
        """Ids of a batch and their rows; null is no id."""
        import numpy as np

        hashes = hashed(ids)
        pairs = np.column_stack([hashes, np.asarray(rows, np.uint64)])[ids.is_not_null().to_numpy()]
        self._waiting.append(pairs)
        self._count += len(pairs)
        if self._count > IN_MEMORY:
            self._spill()

    def last_rows(self) -> dict[int, int]:
        """Hash of an id that came again → the last of its rows."""
        import numpy as np

        if not self._is_spilled:
            return _repeated(np.concatenate(self._waiting)) if self._waiting else {}
        self._spill()
        last: dict[int, int] = {}
        for part in range(PARTS):
            last |= _repeated(np.fromfile(self._folder / str(part), np.uint64).reshape(-1, 2))
        return last

    def _spill(self) -> None:
        import numpy as np

        self._folder.mkdir(exist_ok=True)
        self._is_spilled = True
        if not self._waiting:
            return
        pairs = np.concatenate(self._waiting)
        self._waiting, self._count = [], 0
        part_of = pairs[:, 0] % PARTS
        for part in range(PARTS):
            with (self._folder / str(part)).open("ab") as file:
                pairs[part_of == part].tofile(file)


def hashed(ids: "pl.Series") -> "npt.NDArray[np.uint64]":
    """The 64-bit hash of each id, the same in all of a process."""
    return ids.hash(seed=0x0B5E7).to_numpy()


def _repeated(pairs: "npt.NDArray[np.uint64]") -> dict[int, int]:
    import numpy as np

    if not len(pairs):
        return {}
    ordered = pairs[np.argsort(pairs[:, 0], kind="stable")]
    same = ordered[1:, 0] == ordered[:-1, 0]
    ends = np.append(same, False)
    begins = np.insert(same, 0, False)
    lasts = ordered[begins & ~ends]
    return dict(zip(lasts[:, 0].tolist(), lasts[:, 1].tolist(), strict=True))
