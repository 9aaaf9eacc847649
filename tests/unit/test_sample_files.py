"""The sample files as a whole: deterministic, fixed in time, planted with canaries, as the specs expect."""

import csv
import hashlib
import unicodedata
from pathlib import Path

import openpyxl
import pytest

from opinion_warehouse.sample import SAMPLE_SOURCES, canaries, make_sample
from opinion_warehouse.sample.draws import Stream
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Source, load_sources

FIXTURES = PROJECT / "tests" / "fixtures"
FIXTURE_SCALE = 0.05
PINNED = (0.042174396346053133, 0.5340785318714734, 0.7300835742372754)
REMAKE = (
    'remake them: python -c "from pathlib import Path; from opinion_warehouse.sample import make_sample;'
    f" make_sample(Path('tests/fixtures'), scale={FIXTURE_SCALE})\""
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("sample with space")
    paths = make_sample(folder, scale=FIXTURE_SCALE)
    return {source: [path for path in paths if path.parent.name == source] for source in SAMPLE_SOURCES}


@pytest.fixture(scope="module")
def specs() -> dict[str, Source]:
    return {spec.id: spec for spec in load_sources(PROJECT / "sources") if spec.id in SAMPLE_SOURCES}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def headings(path: Path, spec: Source) -> list[str]:
    if spec.files.format == "xlsx":
        book = openpyxl.load_workbook(path, read_only=True)
        return [str(cell) for cell in next(book[spec.files.sheet or ""].iter_rows(values_only=True))]
    with path.open(encoding=spec.files.encoding, newline="") as handle:
        return next(csv.reader(handle, delimiter=spec.files.delimiter))


def test_stream_same_seed_and_path_gives_pinned_numbers() -> None:
    stream = Stream(2026, 1, 2)
    assert stream.uniform(3).tolist() == pytest.approx(PINNED, abs=0)
    assert Stream(2026, 1, 3).uniform(1)[0] != PINNED[0]


def test_stream_pick_follows_the_weights() -> None:
    picked = Stream(1).pick(40_000, [1, 0, 3]).tolist()
    assert picked.count(1) == 0
    assert picked.count(2) / len(picked) == pytest.approx(0.75, abs=0.01)


def test_stream_bell_has_mean_zero_and_variance_one() -> None:
    values = Stream(1).bell(100_000)
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.var() == pytest.approx(1, abs=0.02)


def test_make_sample_again_gives_the_fixtures_bytes(made: dict[str, list[Path]]) -> None:
    fresh = {f"{path.parent.name}/{path.name}": path for paths in made.values() for path in paths}
    kept = {
        f"{path.parent.name}/{path.name}": path
        for source in SAMPLE_SOURCES
        for path in (FIXTURES / source).iterdir()
        if not path.name.startswith(".")
    }
    assert sorted(fresh) == sorted(kept), REMAKE
    for name, path in kept.items():
        assert sha256(path) == sha256(fresh[name]), f"{name} differs; {REMAKE}"


def test_make_sample_again_gives_the_same_times(made: dict[str, list[Path]], tmp_path: Path) -> None:
    first = [path.stat().st_mtime_ns for path in made["cantho_weekly"]]
    paths = make_sample(tmp_path, scale=FIXTURE_SCALE, sources=["cantho_weekly"])
    again = [path.stat().st_mtime_ns for path in paths]
    assert first == again
    assert len(set(first)) > 2


def test_make_sample_other_seed_gives_other_answers(made: dict[str, list[Path]], tmp_path: Path) -> None:
    other = make_sample(tmp_path, seed=7, scale=FIXTURE_SCALE, sources=["cantho_online"])
    assert other[0].read_bytes() != made["cantho_online"][0].read_bytes()


def test_make_sample_leaves_no_partial_file(made: dict[str, list[Path]]) -> None:
    folder = made["anes_1996"][0].parent.parent
    assert not [path for path in folder.rglob("*") if path.name.endswith(".part")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scale": 0}, "above 0"),
        ({"seed": -1}, "0 or more"),
        ({"sources": ["cantho_onlin"]}, "no sample source cantho_onlin: there are anes_1996"),
    ],
)
def test_make_sample_bad_argument_says_what_to_give(
    arguments: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        make_sample(tmp_path, **arguments)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", [name for name in SAMPLE_SOURCES if name != "anes_1996"])
def test_made_files_hold_canaries(source: str, made: dict[str, list[Path]]) -> None:
    for path in made[source]:
        found = canaries.find_canaries(path.read_bytes())
        assert {canaries.NAME, canaries.PHONE, canaries.EMAIL} <= set(found), path.name


def test_find_canaries_other_case_and_unicode_form_is_found() -> None:
    assert canaries.find_canaries(unicodedata.normalize("NFD", canaries.NAME.upper())) == [canaries.NAME]
    assert canaries.find_canaries("không có gì") == []


@pytest.mark.parametrize("source", SAMPLE_SOURCES)
def test_every_column_is_read_or_known(
    source: str, made: dict[str, list[Path]], specs: dict[str, Source]
) -> None:
    spec = specs[source]
    for path in made[source]:
        assert path.match(spec.files.pattern)
        assert set(headings(path, spec)) == set(spec.cells) | set(spec.ignore_columns)


@pytest.mark.parametrize("source", SAMPLE_SOURCES)
def test_made_source_says_so(source: str, specs: dict[str, Source]) -> None:
    spec = specs[source]
    assert spec.is_made == (source != "anes_1996")
    if spec.is_made:
        assert "giả lập" in spec.title.vi
        assert "made-up" in spec.title.en
        assert spec.provenance.startswith("Made by")


def test_anes_1996_is_the_packaged_extract(made: dict[str, list[Path]]) -> None:
    rows = list(csv.DictReader(made["anes_1996"][0].open()))
    assert len(rows) == 944
    assert sum(row["vote"] == "1" for row in rows) == 393
