"""Sample sources: one real survey and three made ones, at any size and seed, the same bytes every time.

`anes_1996` is real and always the same; `cantho_online`, `cantho_weekly` and `vendor_mentions` are made, and
their specs say so. Every made file holds the traces of a made-up person (`canaries`) that must go no further
than the parser.
"""

from collections.abc import Callable
from pathlib import Path

SAMPLE_SOURCES = ("anes_1996", "cantho_online", "cantho_weekly", "vendor_mentions")
"""Ids of the sources that `make_sample` knows, in the order it writes them."""


def make_sample(
    folder: Path, *, seed: int = 2026, scale: float = 1.0, sources: list[str] | None = None
) -> list[Path]:
    """Write sample deliveries into `<folder>/<source id>/` and return their paths.

    At scale 1: about 1,200 respondents a wave in two waves, 12 units by 7 weeks of reports, 6,000 mentions.
    Scale multiplies respondents, rows a report and mentions; below 1 there are fewer units and weeks too.
    Files are written in blocks, so memory stays the same; their bytes and modification times depend on seed
    and scale only.
    """
    from opinion_warehouse.sample.anes import write_anes
    from opinion_warehouse.sample.report import write_reports
    from opinion_warehouse.sample.social import write_mentions
    from opinion_warehouse.sample.survey import write_survey

    writers: dict[str, Callable[[Path, int, float], list[Path]]] = dict(
        zip(SAMPLE_SOURCES, (write_anes, write_survey, write_reports, write_mentions), strict=True)
    )
    if scale <= 0:
        raise ValueError(f"scale is {scale}: give a number above 0, such as 1 or 0.1")
    if seed < 0:
        raise ValueError(f"seed is {seed}: give a whole number of 0 or more")
    wanted = SAMPLE_SOURCES if sources is None else tuple(sources)
    unknown = sorted(set(wanted) - set(SAMPLE_SOURCES))
    if unknown:
        raise ValueError(f"no sample source {', '.join(unknown)}: there are {', '.join(SAMPLE_SOURCES)}")
    return [path for name in SAMPLE_SOURCES if name in wanted for path in writers[name](folder, seed, scale)]
