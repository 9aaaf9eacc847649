"""The made LimeSurvey export of `cantho_online`: four waves of a stratified, clustered online survey.

As LimeSurvey writes it: UTF-8 with BOM, CRLF, `;`, every value in quotes, nothing at all for a question not
shown, `""` for one shown and left empty, an empty line at the end. Rows are made and written in blocks of
whole neighbourhoods (the sampling units), so memory does not grow with the size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opinion_warehouse.sample import canaries
from opinion_warehouse.sample.draws import Booleans, Floats, Integers, Stream
from opinion_warehouse.sample.files import LOCAL, csv_header, csv_rows, labelled, new_file
from opinion_warehouse.sample.places import is_ward, strata
from opinion_warehouse.sample.questions import ask

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE = "cantho_online"
END = b"\r\n"
BLOCK = 50_000
"""Respondents made at a time."""

FOCAL_NEIGHBOURHOODS = 4
OTHER_NEIGHBOURHOODS = 68
CLUSTER = 12
"""Sampling units in each focal commune, in all the rest together, and respondents in each, at scale 1."""


@dataclass(frozen=True)
class Wave:
    """A wave: its id, the number its draws begin with, how far opinion has moved, fieldwork and delivery."""

    id: str
    number: int
    progress: float
    start: date
    delivered_at: datetime


WAVES = (
    Wave("2025-09", 3, 0.0, date(2025, 9, 1), datetime(2025, 9, 29, 8, 30, tzinfo=LOCAL)),
    Wave("2025-12", 1, 0.0, date(2025, 12, 1), datetime(2026, 1, 5, 8, 30, tzinfo=LOCAL)),
    Wave("2026-03", 4, 0.5, date(2026, 3, 2), datetime(2026, 3, 30, 8, 30, tzinfo=LOCAL)),
    Wave("2026-06", 2, 1.0, date(2026, 6, 1), datetime(2026, 6, 29, 8, 30, tzinfo=LOCAL)),
)


@dataclass(frozen=True)
class Clusters:
    """The sampled neighbourhoods of a wave, one position each."""

    codes: list[str]
    communes: list[str]
    strata: list[str]
    sizes: Integers
    adults: Floats
    effects: Floats


def draw_clusters(stream: Stream, scale: float) -> Clusters:
    """Neighbourhoods drawn in each stratum with probability in proportion to the adults of their commune.

    More respondents mean first more neighbourhoods (up to eight times), then larger ones.
    """
    spread = min(max(scale, 0.25), 8.0)
    size = max(4, round(CLUSTER * scale / spread))
    frame = strata()
    rest = sum(stratum.total for stratum in frame if len(stratum.adults) > 1)
    codes: list[str] = []
    communes: list[str] = []
    of: list[str] = []
    adults: list[float] = []
    for stratum in frame:
        is_focal = len(stratum.adults) == 1
        base = FOCAL_NEIGHBOURHOODS if is_focal else OTHER_NEIGHBOURHOODS * stratum.total / rest
        count = max(2, round(base * spread))
        members = list(stratum.adults)
        picked = stream.pick(count, [float(number) for number in stratum.adults.values()])
        for ordinal, position in enumerate(sorted(picked.tolist()), start=1):
            communes.append(members[position])
            codes.append(f"{members[position]}-K{ordinal:03d}")
            of.append(stratum.code)
            adults.append(stratum.total / count)
    total = len(codes)
    sizes = size + stream.integers(total, -(size // 6), size // 6 + 1)
    return Clusters(codes, communes, of, sizes, np.array(adults), 0.28 * stream.bell(total))


def blocks(clusters: Clusters) -> Iterator[Integers]:
    """Positions of clusters, taken together until a block is full."""
    taken: list[int] = []
    rows = 0
    for position, size in enumerate(clusters.sizes.tolist()):
        taken.append(position)
        rows += size
        if rows >= BLOCK:
            yield np.array(taken, dtype=np.int64)
            taken, rows = [], 0
    if taken:
        yield np.array(taken, dtype=np.int64)


@dataclass(frozen=True)
class People:
    """Respondents of one block."""

    cluster: Integers
    is_ward: Booleans
    gender: Integers
    age: Integers
    education: Integers
    occupation: Integers
    mood: Floats
    is_complete: Booleans
    last_page: Integers


def draw_people(stream: Stream, clusters: Clusters, members: Integers) -> People:
    """Who answered: younger and better schooled than the city is, as online surveys are."""
    cluster = np.repeat(members, clusters.sizes[members])
    count = len(cluster)
    ward = np.array([is_ward(commune) for commune in clusters.communes])[cluster]
    age = 18 + np.floor(62 * stream.uniform(count) ** 1.35).astype(np.int64)
    schooling = stream.bell(count) + 0.35 * ward - 0.02 * (age - 40)
    education = np.searchsorted([-0.9, 0.1, 0.9], schooling).astype(np.int64) + 1
    work = stream.pick(count, [0.25, 0.14, 0.2, 0.18, 0.13, 0.1])
    work = np.where(age >= 60, np.where(stream.chance(count, 0.65), 5, work), work)
    work = np.where((age <= 22) & stream.chance(count, 0.6), 4, work)
    complete = ~stream.chance(count, 0.03)
    return People(
        cluster=cluster,
        is_ward=ward,
        gender=stream.pick(count, [0.47, 0.52, 0.01]),
        age=age,
        education=education,
        occupation=work,
        mood=stream.bell(count) * 0.5 + clusters.effects[cluster] + 0.008 * (age - 42),
        is_complete=complete,
        last_page=np.where(complete, 6, stream.integers(count, 2, 6)),
    )


def weigh(people: People, clusters: Clusters) -> Floats:
    """Design weight × non-response factor; each neighbourhood's add up to the adults it stands for."""
    band = np.searchsorted([30, 45, 60], people.age, side="right")
    factor = np.array([0.72, 0.95, 1.25, 1.6])[band] * np.where(people.education >= 4, 0.8, 1.1)
    factor = np.where(people.is_complete, factor, 0.0)
    totals = np.bincount(people.cluster, weights=factor, minlength=len(clusters.codes))
    return factor * (clusters.adults / np.where(totals > 0, totals, 1.0))[people.cluster]


def design_columns(
    stream: Stream, people: People, clusters: Clusters, wave: Wave, first: int
) -> "dict[str, pa.Array]":
    """What stands before the answers: LimeSurvey's own columns, the design, who answered."""
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(people.cluster)
    number = pa.array(np.arange(first, first + count))
    elapsed = stream.integers(count, 7 * 3600, 19 * 86400).astype("timedelta64[s]")
    opened = np.datetime64(wave.start, "s") + elapsed
    closed = opened + stream.integers(count, 420, 2100).astype("timedelta64[s]")
    started = pa.array(opened).cast(pa.string())
    ended = pa.array(closed).cast(pa.string())
    marked = np.arange(first, first + count) % 400 == 1
    shown = pa.array(marked)

    def personal(canary: str, other: "pa.Array") -> "pa.Array":
        return pc.if_else(shown, pa.scalar(canary), other)

    text = number.cast(pa.string())
    addresses = [f"198.51.100.{last}" for last in range(1, 255)]
    weight = pc.round(pa.array(weigh(people, clusters), mask=~people.is_complete), 6).cast(pa.string())
    return {
        "id": text,
        "submitdate": pc.if_else(pa.array(people.is_complete), ended, pa.scalar(None, pa.string())),
        "lastpage": pa.array(people.last_page).cast(pa.string()),
        "startlanguage": labelled(["vi"], np.zeros(count, np.int64)),
        "seed": pa.array(stream.integers(count, 10_000_000, 2_000_000_000)).cast(pa.string()),
        "startdate": started,
        "datestamp": ended,
        "ipaddr": personal(canaries.IP, labelled(addresses, stream.integers(count, 0, len(addresses)))),
        "refurl": personal(
            "https://khaosat.vidu.example/" + canaries.QUERY_STRING,
            labelled(["https://khaosat.vidu.example/", ""], stream.pick(count, [0.8, 0.2])),
        ),
        "token": personal(canaries.INVITATION, pc.binary_join_element_wise("giamau", text, "")),
        "hoten": personal(canaries.NAME, labelled([""], np.zeros(count, np.int64))),
        "dienthoai": personal(canaries.PHONE, labelled([""], np.zeros(count, np.int64))),
        "thudientu": personal(canaries.EMAIL, labelled([""], np.zeros(count, np.int64))),
        "tang": labelled(clusters.strata, people.cluster),
        "cum": labelled(clusters.codes, people.cluster),
        "trongso": weight,
        "phuongxa": labelled(clusters.communes, people.cluster),
        "loaihinh": labelled(["xa", "phuong"], people.is_ward.astype(np.int64)),
        "gioitinh": labelled(["1", "2", ""], people.gender),
        "tuoi": pa.array(people.age).cast(pa.string()),
        "hocvan": labelled(["1", "2", "3", "4"], people.education - 1),
        "nghenghiep": labelled(["1", "2", "3", "4", "5", "6"], people.occupation),
    }


def write_wave(folder: Path, seed: int, scale: float, wave: Wave) -> Path:
    """One wave's export."""
    path = folder / SOURCE / f"results-survey482915_{wave.id}.csv"
    clusters = draw_clusters(Stream(seed, 1, wave.number), scale)
    with new_file(path, wave.delivered_at) as handle:
        first = 1
        for ordinal, members in enumerate(blocks(clusters)):
            stream = Stream(seed, 1, wave.number, 1 + ordinal)
            people = draw_people(stream, clusters, members)
            columns = design_columns(stream, people, clusters, wave, first)
            columns |= ask(stream, people, wave.progress, first)
            if first == 1:
                handle.write(b"\xef\xbb\xbf" + csv_header(list(columns), ";", END))
            handle.write(csv_rows(columns, ";", END))
            first += len(people.cluster)
        handle.write(END)
    return path


def write_survey(folder: Path, seed: int, scale: float) -> list[Path]:
    """Every wave."""
    return [write_wave(folder, seed, scale, wave) for wave in WAVES]
