"""The real survey among the samples: ANES 1996, copied as it is."""

from datetime import datetime
from pathlib import Path

from opinion_warehouse.sample.files import LOCAL, new_file

SOURCE = "anes_1996"
CSV = Path(__file__).parent / "data" / "anes96.csv"


def write_anes(folder: Path, seed: int, scale: float) -> list[Path]:
    """Copy the 944 respondents. Real data have no seed, and no size but their own."""
    path = folder / SOURCE / "anes96.csv"
    with new_file(path, datetime(2026, 1, 2, 8, 0, tzinfo=LOCAL)) as handle:
        handle.write(CSV.read_bytes())
    return [path]
