"""Place names → codes, today's and yesterday's in every spelling; what could be two places is set aside."""

import csv
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import reader_jobs
from pydantic import ValidationError
from reader_jobs import SEEDS, read

from opinion_warehouse.readers.coding.places import place_reader
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.reference import read_reference
from opinion_warehouse.sources import PlaceNames

REFERENCE = read_reference(SEEDS)
ALIASES = list(csv.DictReader((SEEDS / "place_alias.csv").open(encoding="utf-8")))
SPLIT = {"Phường Bùi Hữu Nghĩa", "Phường Long Tuyền", "Phường Thốt Nốt"}


def find(cell: str, of: str = "any", coverage: str | None = None, **more: Any) -> str:
    """The code, or the reason there is none."""
    try:
        return place_reader(REFERENCE, PlaceNames.model_validate({"of": of, **more}), coverage)(cell)
    except BadCell as problem:
        return problem.code


def test_aliases_are_the_263_former_units_and_three_older_ones() -> None:
    by_unit: dict[tuple[str, str], set[str]] = {}
    for row in ALIASES:
        by_unit.setdefault((row["place_name"], row["within"]), set()).add(row["place_code"])
    older = [row for row in ALIASES if row["ended_on"] == "2024-11-01"]
    assert {row["place_name"] for row in older} == {"Phường An Cư", "Phường An Nghiệp", "Phường An Phú"}
    assert Counter(len(codes) for codes in by_unit.values()) == {1: 260 + 3, 2: 3}
    assert {name for (name, _), codes in by_unit.items() if len(codes) > 1} == SPLIT
    assert {row["place_code"] for row in ALIASES} <= REFERENCE.places
    assert len({row["place_code"] for row in ALIASES}) == 103


def test_every_present_unit_is_found_by_its_name() -> None:
    present = [place for place in REFERENCE.place_names if place.is_current and len(place.place_code) == 5]
    assert len(present) == 103
    for place in present:
        for cell in (place.name, place.name.upper(), unicodedata.normalize("NFD", place.name)):
            assert find(cell, "current") == place.place_code, cell
            assert find(f"{cell}, TP. Cần Thơ", "current") == place.place_code, cell


def test_every_former_unit_is_found_by_its_whole_name_unless_it_was_split() -> None:
    for row in ALIASES:
        expected = "ambiguous_place" if row["place_name"] in SPLIT else row["place_code"]
        assert find(f"{row['place_name']}, {row['within']}") == expected, row


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("31120", "31120"),
        ("92", "92"),
        ("Cần Thơ", "92"),
        ("TP Cần Thơ", "92"),
        ("tp.cần thơ", "92"),
        ("phường Cái Khế", "31120"),
        ("P. Cái Khế", "31120"),
        ("P.Cái Khế", "31120"),
        ("Cái Khế", "31120"),
        ("xã Hoả Lựu", "31338"),
        ("xã Hỏa Lựu", "31338"),
        ("X. Hoả  Lựu", "31338"),
        ("xã Phú Hữu, Châu Thành, Hậu Giang", "31378"),
        ("Xã Phú Hữu (huyện Châu Thành - tỉnh Hậu Giang)", "31378"),
        ("Phú Hữu - Long Phú - Sóc Trăng", "31654"),
        ("xã Phú Tân, Châu Thành, Hậu Giang", "31378"),
        ("xã Phú Tân, Châu Thành, Sóc Trăng", "31582"),
        ("TT. Cái Tắc", "31369"),
        ("thị trấn Ngã Sáu", "31366"),
        ("Phường An Cư", "31135"),
        ("phường III, TP Vị Thanh", "31321"),
        ("P3, TP. Vị Thanh", "31321"),
        ("P.03, Vị Thanh", "31321"),
        ("Phường 3, thị xã Ngã Năm", "31753"),
        ("phường Bùi Hữu Nghĩa", "ambiguous_place"),
        ("Bùi Hữu Nghĩa, quận Bình Thủy", "ambiguous_place"),
        ("phường Long Tuyền", "ambiguous_place"),
        ("phường Thốt Nốt", "ambiguous_place"),
        ("phường Tân An", "ambiguous_place"),  # today's, and the one that is Ninh Kiều's today
        ("phường Tân An, quận Ninh Kiều", "31135"),
        ("xã Phú Hữu", "ambiguous_place"),
        ("Phường 1", "ambiguous_place"),
        ("quận Ninh Kiều", "ambiguous_place"),
        ("huyện Châu Thành", "ambiguous_place"),
        ("Hậu Giang", "ambiguous_place"),
        ("xã Cái Khế", "unknown_place"),  # it is a ward
        ("phường Cái Khế, huyện Châu Thành", "unknown_place"),
        ("phường Không Có", "unknown_place"),
        ("phuong cai khe", "unknown_place"),
        (",", "unknown_place"),
        ("phường", "unknown_place"),
    ],
)
def test_names_in_every_spelling(cell: str, code: str) -> None:
    assert find(cell) == code
    assert find(unicodedata.normalize("NFD", cell)) == code


def test_the_spec_says_whose_names_come_first() -> None:
    assert find("phường Tân An", "current") == "31147"
    assert find("phường Tân An", "former") == "31135"
    assert find("phường Long Tuyền", "current") == "31183"
    assert find("phường Long Tuyền", "former") == "ambiguous_place"
    assert find("thị trấn Cái Tắc", "current") == "31369"
    assert find("phường Ninh Kiều", "former") == "31135"


def test_accents_may_be_missing_only_where_declared() -> None:
    assert find("phuong cai khe", without_accents=True) == "31120"
    assert find("P. Cai Khe, TP Can Tho", "current", without_accents=True) == "31120"
    assert find("xa Phu Huu, Chau Thanh, Hau Giang", without_accents=True) == "31378"
    assert find("Thoi An Dong", "current", without_accents=True) == "31174"
    assert find("xa phu huu", without_accents=True) == "ambiguous_place"
    assert find("phường Cái Khê", without_accents=True) == "31120"
    assert find("phường Cái Khê") == "unknown_place"


def test_the_place_the_source_speaks_of_decides() -> None:
    own = REFERENCE.with_own(
        [("T9", None, "Tỉnh Ven Biển"), ("T9-1", "T9", "Phường Cái Khế"), ("T9-2", "T9", "Xã Bãi Dài")], []
    )
    names = PlaceNames(of="current")
    with pytest.raises(BadCell) as problem:
        place_reader(own, names)("phường Cái Khế")
    assert problem.value.code == "ambiguous_place"
    assert place_reader(own, names, "T9")("phường Cái Khế") == "T9-1"
    assert place_reader(own, names, "92")("phường Cái Khế") == "31120"
    assert place_reader(own, names, "VN")("phường Cái Khế") == "31120"
    assert place_reader(own, names)("phường Cái Khế, tỉnh Ven Biển") == "T9-1"
    assert place_reader(own, names)("Bãi Dài") == "T9-2"


def social(**more: Any) -> dict[str, Any]:
    spec = reader_jobs.social()
    spec["social"]["columns"]["place"] = "place"
    spec["social"] |= more
    return spec


def test_names_are_codes_in_what_is_loaded_and_bad_ones_are_set_aside(tmp_path: Path) -> None:
    header = "id,at,mood,likes,url,words,author,place\n"
    cells = ["phường Cái Khế", '"xã Phú Hữu, Châu Thành, Hậu Giang"', "", "92", "phường Tân An", "đâu đó"]
    rows = [f"{at},2026-06-01T00:00:00Z,,1,,x,,{cell}\n" for at, cell in enumerate(cells)]
    result = read(social(place_names={"of": "any"}), header + "".join(rows), tmp_path)
    assert [row["place_code"] for row in result.rows["social_item"]] == ["31120", "31378", None, "92"]
    assert result.bad == {6: ["ambiguous_place"], 7: ["unknown_place"]}


def test_names_are_no_codes_unless_declared(tmp_path: Path) -> None:
    data = "id,at,mood,likes,url,words,author,place\n1,2026-06-01T00:00:00Z,,1,,x,,phường Cái Khế\n"
    assert read(social(), data, tmp_path).bad == {2: ["unknown_place"]}


def test_surveys_and_reports_take_names_too(tmp_path: Path) -> None:
    survey = reader_jobs.survey(
        section={"place": "p", "place_names": {"of": "current"}, "missing": {"99": "refused"}}
    )
    data = "id,done,w,sex,age,q1,m1,m2,n,p\n1,1,1,1,30,1,Y,N,1,P. Cái Khế\n2,1,1,1,30,1,Y,N,1,99\n"
    result = read(survey, data, tmp_path)
    assert [row["place_code"] for row in result.rows["survey_response"]] == ["31120", None]
    report = reader_jobs.report(section={"place_names": {"of": "current"}, "columns": {"place": "dia_ban"}})
    fields = "ma_don_vi,loai_bao_cao,ky_bao_cao,tu_ngay,den_ngay,dia_ban,linh_vuc,ma_chu_de,noi_dung,pham_vi"
    fields += ",khuynh_huong,cuong_do,nguon,so_y_kien,kien_nghi,co_quan_de_xuat,muc_do_khan,STT,nguoi_lap"
    row = "CT-UBND-31120,DK,2026-W10,2026-03-02,2026-03-08,xã Thạnh Quới,,F2,,đa số,tán thành,3,,1,,,,1,"
    result = read(report, f"{fields}\n{row}\n", tmp_path)
    assert [item["place_code"] for item in result.rows["report_item"]] == ["31246"]


def test_names_need_their_column() -> None:
    from opinion_warehouse.sources import Source

    spec = reader_jobs.social()
    spec["social"]["place_names"] = {"of": "any"}
    with pytest.raises(ValidationError, match="place_names"):
        Source.model_validate(spec)
