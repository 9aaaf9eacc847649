"""The 103 present units of Cần Thơ as a sampling frame.

Codes and kinds are facts (NSO list after Resolution 1668/NQ-UBTVQH15); the numbers of adults are made.
"""

from dataclasses import dataclass

CITY = "92"

WARDS = frozenset(
    "31120 31135 31147 31150 31153 31157 31162 31168 31174 31183 31186 31201 31207 31213 31217 31228"
    " 31321 31333 31340 31411 31471 31473 31480"
    " 31507 31510 31684 31732 31753 31783 31789 31804".split()
)
"""Phường; all the others are xã."""

COMMUNES = (
    "31120 31135 31147 31150 31153 31157 31162 31168 31174 31183 31186 31201 31207 31213 31217 31228 31231 31232"
    " 31237 31246 31249 31255 31258 31261 31264 31273 31282 31288 31294 31299 31309 31315"
    " 31321 31333 31338 31340 31342 31348 31360 31366 31369 31378 31393 31396 31399 31408 31411 31420 31426 31432"
    " 31441 31453 31459 31465 31471 31473 31480 31489 31492 31495"
    " 31507 31510 31528 31531 31537 31540 31552 31561 31567 31569 31570 31579 31582 31591 31594 31603 31615 31633"
    " 31639 31645 31654 31666 31673 31675 31679 31684 31687 31699 31708 31717 31723 31726 31732 31741 31753 31756"
    " 31759 31777 31783 31789 31795 31804 31810"
).split()

FOCAL = ("31135", "31120", "31186", "31153", "31299", "31321", "31507", "31528")
"""Communes whose committees report weekly; the survey draws more neighbourhoods there, each its own stratum."""


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
    return commune in WARDS


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
    for code in COMMUNES:
        if code not in FOCAL:
            groups.setdefault(f"{area(code)}-{'P' if is_ward(code) else 'X'}", {})[code] = adults(code)
    return [Stratum(code, members) for code, members in groups.items()]
