"""The made LimeSurvey export: its format, its design, and what changed between the waves."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_warehouse.sample import make_sample
from opinion_warehouse.sample.draws import Stream
from opinion_warehouse.sample.places import FOCAL, KINDS, is_ward, strata
from opinion_warehouse.sample.survey import BLOCK, blocks, draw_clusters
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

Row = dict[str, str | None]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_sample(tmp_path_factory.mktemp("survey"), sources=["cantho_online"])


def read(path: Path) -> list[Row]:
    """Rows with nothing as None and "" as the empty string, which the csv module cannot tell apart."""
    lines = path.read_bytes().decode("utf-8-sig").split("\r\n")
    names = [cell.strip('"') for cell in lines[0].split(";")]
    rows: list[Row] = []
    for line in lines[1:-2]:
        cells = re.findall(r'("(?:[^"]|"")*")?(?:;|$)', line + ";")[:-1]
        values = [cell[1:-1].replace('""', '"') if cell else None for cell in cells]
        rows.append(dict(zip(names, values, strict=True)))
    return rows


@pytest.fixture(scope="module")
def waves(exports: list[Path]) -> list[list[Row]]:
    return [[row for row in read(path) if row["submitdate"]] for path in exports]


def share(rows: list[Row], column: str, codes: set[str]) -> float:
    """Weighted share of the codes among those who gave any."""
    asked = [row for row in rows if row[column]]
    total = sum(float(row["trongso"] or 0) for row in asked)
    return sum(float(row["trongso"] or 0) for row in asked if row[column] in codes) / total


def test_export_bytes_are_as_limesurvey_writes_them(exports: list[Path]) -> None:
    content = exports[0].read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"id";"submitdate";')
    assert content.endswith(b"\r\n\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b"\r\n\r\n" not in content[:-4]
    assert b'"Q2[SQ001]"' in content.split(b"\r\n")[0]


def test_export_is_a_file_a_wave_in_the_order_of_delivery(exports: list[Path]) -> None:
    survey = load_source(PROJECT / "sources" / "survey" / "cantho_online.yml").survey
    assert survey is not None
    names = [f"results-survey482915_{wave.id}.csv" for wave in survey.waves]
    assert names == sorted(names)
    assert [path.name for path in exports] == names
    assert len(names) == 4
    delivered = [path.stat().st_mtime for path in exports]
    assert delivered == sorted(set(delivered))
    for path, wave, at in zip(exports, survey.waves, delivered, strict=True):
        days = [str(row["startdate"])[:10] for row in read(path)]
        assert wave.fieldwork_start <= min(days) < max(days) <= wave.fieldwork_end
        assert datetime.fromtimestamp(at, tz=UTC).date().isoformat() > wave.fieldwork_end


def test_frame_is_the_103_units_of_the_seed() -> None:
    with (PROJECT / "dbt_project" / "seeds" / "place.csv").open(encoding="utf-8") as handle:
        seed = {row["place_code"]: row for row in csv.DictReader(handle)}
    children = {code: row for code, row in seed.items() if row["parent_place_code"] == "92"}
    present = {code: row for code, row in children.items() if not row["valid_to"]}
    assert set(KINDS) == set(present)
    assert len(KINDS) == 103
    assert sum(is_ward(code) for code in KINDS) == 31
    assert all(is_ward(code) == row["name_vi"].startswith("Phường ") for code, row in present.items())


def test_weights_add_up_to_the_frame(waves: list[list[Row]]) -> None:
    adults = sum(stratum.total for stratum in strata())
    for rows in waves:
        weights = [float(row["trongso"] or 0) for row in rows]
        assert sum(weights) == pytest.approx(adults, abs=1)
        assert min(weights) > 0
        assert max(weights) > 5 * min(weights)


def test_design_has_several_clusters_in_each_stratum(waves: list[list[Row]]) -> None:
    for rows in waves:
        assert 1_100 <= len(rows) <= 1_300
        clusters: dict[str, set[str]] = {}
        for row in rows:
            clusters.setdefault(str(row["tang"]), set()).add(str(row["cum"]))
            assert str(row["cum"]).startswith(str(row["phuongxa"]))
            assert row["phuongxa"] in KINDS
        assert len(clusters) == 14
        assert min(len(members) for members in clusters.values()) >= 3
        for code in FOCAL:
            assert sum(row["phuongxa"] == code for row in rows) >= 30


def test_question_not_asked_is_nothing_and_passed_over_is_empty(exports: list[Path]) -> None:
    rows = [row for path in exports for row in read(path)]
    for row in rows:
        if row["submitdate"]:
            assert (row["Q5"] is None) == (row["Q4"] != "Y")
        else:
            assert row["Q14"] is None
            assert row["trongso"] is None
    assert any(row["Q5"] == "" for row in rows)
    assert any(row["Q3"] == "98" for row in rows)
    assert 10 < sum(row["submitdate"] is None for row in rows) < 200


def test_last_wave_changes_what_it_should(waves: list[list[Row]]) -> None:
    assert len(waves) == 4
    first, second = waves[1], waves[-1]
    dissatisfied, support = {"1", "2"}, {"1"}
    assert share(second, "Q2[SQ002]", dissatisfied) - share(first, "Q2[SQ002]", dissatisfied) > 0.08
    assert share(second, "Q4", {"Y"}) - share(first, "Q4", {"Y"}) > 0.03
    assert share(first, "Q10", support) - share(second, "Q10", support) > 0.03
    assert abs(share(second, "Q2[SQ004]", dissatisfied) - share(first, "Q2[SQ004]", dissatisfied)) < 0.05


def test_blocks_at_any_scale_stay_small() -> None:
    clusters = draw_clusters(Stream(1), 200.0)
    assert int(clusters.sizes.sum()) == pytest.approx(240_000, rel=0.05)
    taken = list(blocks(clusters))
    assert max(int(clusters.sizes[members].sum()) for members in taken) < BLOCK + int(clusters.sizes.max())
    assert sum(len(members) for members in taken) == len(clusters.codes)
