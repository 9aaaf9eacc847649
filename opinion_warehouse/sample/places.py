"""The 103 present units of Cần Thơ as a sampling frame.

Codes and kinds are facts (NSO list after Resolution 1668/NQ-UBTVQH15); the numbers of adults are made.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

CITY = "92"

with (Path(__file__).parent / "data" / "cantho_communes.csv").open(encoding="utf-8") as handle:
    KINDS = {row["place_code"]: row["kind"] for row in csv.DictReader(handle)}
"""Commune code → phuong (ward) or xa, in the order of the codes."""

FOCAL = ("31135", "31120", "31186", "31153", "31299", "31321", "31507", "31528")
"""Communes whose committees report weekly; each is a stratum of the survey of its own."""


@dataclass(frozen=True)
class Stratum:
    """A stratum of the frame: its communes, and the adults living in each."""

    code: str
    adults: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.adults.values())


def is_ward(commune: str) -> bool:
    """Phường, not xã."""
    return KINDS[commune] == "phuong"


def area(commune: str) -> str:
    """The former province: CT Cần Thơ, HG Hậu Giang, ST Sóc Trăng (codes follow the old order)."""
    return "CT" if commune < "31318" else "HG" if commune < "31500" else "ST"


def adults(commune: str) -> int:
    """Made number of adults: wards about 42,000, xã about 27,000, spread by the code's digits."""
    spread = int(commune) * 7919 % 101 - 50
    return 42_000 + 240 * spread if is_ward(commune) else 27_000 + 150 * spread


def strata() -> list[Stratum]:
    """Each focal commune, then former province × (P phường, X xã) for the others."""
    groups: dict[str, dict[str, int]] = {f"TD-{code}": {code: adults(code)} for code in FOCAL}
    for code in KINDS:
        if code not in FOCAL:
            groups.setdefault(f"{area(code)}-{'P' if is_ward(code) else 'X'}", {})[code] = adults(code)
    return [Stratum(code, members) for code, members in groups.items()]
