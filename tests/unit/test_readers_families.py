"""Rows → what lands, family by family."""

import json
from pathlib import Path
from typing import Any

import pytest
from reader_jobs import LABEL, read, report, social, survey

S_HEADER = "id,done,w,sex,age,q1,m1,m2,n\n"
R_HEADER = (
    "STT,ma_don_vi,loai_bao_cao,ky_bao_cao,tu_ngay,den_ngay,ma_dia_ban,linh_vuc,ma_chu_de,noi_dung,pham_vi,"
    "khuynh_huong,cuong_do,nguon,so_y_kien,kien_nghi,co_quan_de_xuat,muc_do_khan,nguoi_lap\n"
)


def report_row(number: int = 1, **cells: str) -> str:
    values = {
        "unit": "CT-MTTQ",
        "kind": "DK",
        "period": "2026-W20",
        "start": "2026-05-11",
        "end": "2026-05-17",
        "place": "92",
        "field": "x",
        "topic": "F1",
        "content": "ông A nói",
        "scope": "Đa số",
        "tendency": "Băn khoăn",
        "intensity": "3",
        "channel": "Hội nghị",
        "count": "12",
        "request": "xin sửa",
        "agency": "Sở Xây dựng",
        "urgency": "Khẩn",
        "author": "Nguyễn Văn A",
    } | cells
    return f"{number}," + ",".join(values.values()) + "\n"


def answers(result: Any) -> dict[tuple[str, str], tuple[Any, Any, int]]:
    return {
        (row["question_id"], row["item_code"]): (
            row["answer_code"],
            row["numeric_value"],
            int(row["missing_code"]),
        )
        for row in result.rows["survey_answer"]
    }


def test_survey_nothing_and_empty_string_have_their_own_meaning(tmp_path: Path) -> None:
    asked = answers(read(survey(), S_HEADER + 'r1,2026,1,1,30,"","","",""\n', tmp_path))
    assert asked[("q1", "")] == (None, None, 2)
    assert asked[("m", "a")] == ("0", None, 0)
    routed = answers(read(survey(), S_HEADER + "r1,2026,1,1,30,,,,\n", tmp_path))
    assert set(routed.values()) == {(None, None, 1)}


def test_survey_broken_off_interview_lands_without_weight(tmp_path: Path) -> None:
    result = read(survey(), S_HEADER + "r1,,,1,30,1,,,\n", tmp_path)
    assert result.bad == {}
    assert result.rows["survey_response"][0]["is_complete"] == "false"
    assert result.rows["survey_response"][0]["weight"] is None
    assert answers(result)[("n", "")] == (None, None, 6)


def test_survey_codes_missing_and_groups_are_mapped(tmp_path: Path) -> None:
    result = read(survey(), S_HEADER + "0012,2026,1.5,2.0,41,8,Y,N,7.5\nr2,2026,1,9,20,97,N,Y,0\n", tmp_path)
    assert json.loads(result.rows["survey_response"][0]["groups"]) == {"sex": "2", "age": "old"}
    assert json.loads(result.rows["survey_response"][1]["groups"]) == {"age": "young"}
    first = result.rows["survey_answer"]
    assert {(row["answer_code"], row["missing_code"]) for row in first if row["question_id"] == "q1"} == {
        ("8", "3"),
        (None, "4"),
    }
    assert [row["numeric_value"] for row in first if row["question_id"] == "n"] == ["7.5", "0"]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("r9,2026,NaN,1,30,1,N,N,1", ["bad_weight"]),
        ("r9,2026,0,1,30,1,N,N,1", ["bad_weight"]),
        ("r9,2026,Infinity,1,30,1,N,N,1", ["bad_weight"]),
        ("r9,2026,1e308,1,30,1,N,N,1", ["bad_weight"]),
        ("r9,2026,1e-200,1,30,1,N,N,1", ["bad_weight"]),
        ("r9,2026,1,3,30,1,N,N,1", ["unknown_code"]),
        ("r9,2026,1,1,x,1,N,N,1", ["not_a_number"]),
        ("r9,2026,1,1,30,99,N,N,1", ["unknown_code"]),
        ("r9,2026,1,1,30,1,maybe,N,1", ["unknown_code"]),
        ("r9,2026,1,1,30,1,N,N,11", ["out_of_range"]),
        ("r9,2026,1,1,30,1,N,N,nan", ["not_a_number"]),
        (",2026,1,1,30,1,N,N,1", ["missing_value"]),
        ("r1,2026,1,1,30,1,N,N,1", ["duplicate_respondent"]),
        ("r9,2026,x,3,30,99,N,N,12", ["bad_weight", "unknown_code", "unknown_code", "out_of_range"]),
    ],
)
def test_survey_bad_row_is_set_aside_with_every_reason(tmp_path: Path, row: str, reasons: list[str]) -> None:
    result = read(survey(), S_HEADER + "r1,2026,1,1,30,1,N,N,1\n" + row + "\n", tmp_path)
    assert sorted(result.bad[3]) == sorted(reasons)
    assert len(result.rows["survey_response"]) == 1


@pytest.mark.parametrize("cell", ["1e200", "-1e31", "1e-31", "0.0000000000000000000000000000000001"])
def test_survey_number_whose_square_is_no_number_is_set_aside(tmp_path: Path, cell: str) -> None:
    """It would stop the night of every source."""
    question = {"id": "n", "kind": "numeric", "column": "n", "wording": LABEL, "topic": "D2"}
    open_ended = survey()
    open_ended["survey"]["questions"][-1] = question
    rows = f"r1,2026,1,1,30,1,N,N,1e30\nr2,2026,1,1,30,1,N,N,0.0\nr9,2026,1,1,30,1,N,N,{cell}\n"
    assert read(open_ended, S_HEADER + rows, tmp_path).bad == {4: ["out_of_range"]}


def test_survey_wave_from_the_file_name_must_be_declared(tmp_path: Path) -> None:
    spec = survey(section={"wave_from": {"file_name": r"_(\w+)\.csv$"}})
    row = S_HEADER + "r1,2026,1,1,30,1,N,N,1\n"
    assert read(spec, row, tmp_path, "x_w1.csv").rows["survey_response"][0]["wave_id"] == "w1"
    assert read(spec, row, tmp_path, "x_w2.csv").rejected == "unknown_wave"


def test_survey_respondent_keys_are_keyed_by_wave_and_hold_no_id(tmp_path: Path) -> None:
    result = read(survey(), S_HEADER + "r1,2026,1,1,30,1,N,N,1\n", tmp_path)
    key = result.rows["survey_response"][0]["respondent_key"]
    assert len(key) == 64
    assert "r1" not in json.dumps(result.rows)


TWO_STAGES = {
    "sampling": "probability",
    "weight": "w",
    "stratum": "area",
    "psu": "block",
    "ssu": "house",
    "stratum_psu_total": "blocks",
    "psu_size": "houses",
}
DESIGN = ("stratum_code", "psu_code", "ssu_code", "stratum_psu_total", "psu_size")


@pytest.mark.parametrize(
    ("cells", "lands"),
    [
        ("2026,1,n,b1,007,12,30", ["n", "b1", "007", "12", "30"]),
        ("2026,1,n,b1,12.0,12,30", ["n", "b1", "12", "12", "30"]),
        (",,n,,,,", ["n", None, None, None, None]),
    ],
    ids=["zeros kept", "as a spreadsheet saves it", "broken off"],
)
def test_survey_two_stages_land_with_their_units(tmp_path: Path, cells: str, lands: list[str | None]) -> None:
    header = "id,done,w,area,block,house,blocks,houses,sex,age,q1,m1,m2,n\n"
    result = read(survey(section={"design": TWO_STAGES}), f"{header}r1,{cells},1,30,1,N,N,1\n", tmp_path)
    assert result.bad == {}
    assert [result.rows["survey_response"][0][name] for name in DESIGN] == lands


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("2026,1,n,b1,,12,30", "missing_value"),
        (f"2026,1,n,b1,{'h' * 65},12,30", "code_too_long"),
        ("2026,1,n,b1,h1,0,30", "out_of_range"),
        ("2026,1,n,b1,h1,12,-1", "out_of_range"),
        ("2026,1,n,b1,h1,12,many", "not_a_number"),
    ],
)
def test_survey_complete_interview_without_its_place_in_the_design_is_set_aside(
    tmp_path: Path, cells: str, reason: str
) -> None:
    header = "id,done,w,area,block,house,blocks,houses,sex,age,q1,m1,m2,n\n"
    result = read(survey(section={"design": TWO_STAGES}), f"{header}r1,{cells},1,30,1,N,N,1\n", tmp_path)
    assert result.bad == {2: [reason]}


def panel(**more: Any) -> dict[str, Any]:
    """The survey as a panel of two waves in one file."""
    waves = [survey()["survey"]["waves"][0] | {"id": wave} for wave in ("w1", "w2")]
    return survey(section={"wave_from": {"column": "wave"}, "waves": waves, "is_panel": True} | more)


PANEL = (
    "wave," + S_HEADER + "w1,Ann-1,2026,1,1,30,1,N,N,1\nw1,Bo-22,2026,1,1,30,1,N,N,1\n"
    "w2, Ann-1 ,2026,1,1,31,2,Y,N,1\nw2,Cy-333,2026,1,1,30,1,N,N,1\n"
)


def test_survey_panel_key_is_the_persons_in_both_waves_and_nobody_elses(tmp_path: Path) -> None:
    result = read(panel(), PANEL, tmp_path)
    assert result.bad == {}
    rows = result.rows["survey_response"]
    ann, bo, ann_again, cy = (row["panel_key"] for row in rows)
    assert ann == ann_again
    assert len({ann, bo, cy}) == 3
    assert all(len(key) == 64 for key in (ann, bo, cy))
    # Within a wave a row has its own key, which tells nothing of the other wave's.
    assert len({row["respondent_key"] for row in rows} | {ann, bo, cy}) == 7
    assert not any(name in json.dumps(result.rows) for name in ("Ann", "Bo-22", "Cy-333"))


def test_survey_panel_key_of_another_file_is_the_same_and_of_another_source_is_not(tmp_path: Path) -> None:
    def keys(source: dict[str, Any], wave: str) -> list[Any]:
        lines = PANEL.splitlines(keepends=True)
        data = "".join([lines[0], *(line for line in lines[1:] if line.startswith(wave))])
        return [row["panel_key"] for row in read(source, data, tmp_path).rows["survey_response"]]

    first, second = keys(panel(), "w1"), keys(panel(), "w2")
    assert first[0] == second[0]
    assert not set(keys(panel() | {"id": "other_survey"}, "w1")) & set(first)


def test_survey_that_is_no_panel_has_no_panel_keys(tmp_path: Path) -> None:
    rows = read(panel(is_panel=False), PANEL, tmp_path).rows["survey_response"]
    assert [row["panel_key"] for row in rows] == [None] * 4


def test_survey_panel_row_without_an_id_is_set_aside(tmp_path: Path) -> None:
    result = read(panel(), PANEL + "w2,,2026,1,1,30,1,N,N,1\n", tmp_path)
    assert result.bad == {6: ["missing_value"]}
    assert len(result.rows["survey_response"]) == 4


def test_report_rows_become_a_report_and_its_items(tmp_path: Path) -> None:
    data = (
        R_HEADER
        + report_row(1)
        + report_row(2, request="", topic="", content="kẹt xe")
        + ("Tổng cộng" + "," * 18 + "\n")
    )
    result = read(report(), data, tmp_path)
    assert result.bad == {}  # a totals row is no row
    assert result.rows["report"][0]["item_count"] == "2"
    first, second = result.rows["report_item"]
    assert first["recommendation_id"] == "CT-MTTQ/2026-W20/1"
    assert second["recommendation_id"] is None
    assert (first["scope_rank"], first["tendency"], first["urgency"]) == ("3", "concerned", "urgent")
    assert (first["agency_code"], first["source_channel"]) == ("CT-SXD", "meeting")
    assert "Nguyễn" not in json.dumps(result.rows, ensure_ascii=False)
    assert "ông A" not in json.dumps(result.rows, ensure_ascii=False)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"unit": "XX-1"}, "unknown_unit"),
        ({"kind": "ZZ"}, "unknown_code"),
        ({"period": "2026-W54"}, "bad_period"),
        ({"period": "W20"}, "bad_period"),
        ({"start": "2026-02-30"}, "bad_date"),
        ({"start": "11/05/2026"}, "bad_date"),
        ({"end": "2026-05-01"}, "bad_period"),
        ({"end": "2026-05-18"}, "inconsistent_period"),
        ({"start": "2024-05-11", "end": "2024-05-17"}, "bad_period"),
        ({"place": "00000"}, "unknown_place"),
        ({"topic": "Q9"}, "unknown_topic"),
        ({"scope": "70 %"}, "unknown_code"),
        ({"tendency": ""}, "missing_value"),
        ({"intensity": "6"}, "out_of_range"),
        ({"intensity": "2.5"}, "not_a_whole_number"),
        ({"count": "-1"}, "out_of_range"),
        ({"agency": "Nguyễn Văn A"}, "unknown_unit"),
        ({"content": "x", "count": "#N/A"}, "error_cell"),
        ({"period": "2027-W20", "start": "2027-05-17", "end": "2027-05-23"}, "future_date"),
    ],
)
def test_report_bad_row_is_set_aside_with_its_reason(
    tmp_path: Path, cells: dict[str, str], reason: str
) -> None:
    result = read(report(), R_HEADER + report_row(1) + report_row(2, **cells), tmp_path)
    assert result.bad == {3: [reason]}


def test_report_words_are_known_whatever_the_tone_marks_place(tmp_path: Path) -> None:
    spec = report(section={"tendencies": {"đồng thuận, hòa nhã": "support"}})
    data = R_HEADER + report_row(1, tendency='"Đồng thuận,  HOÀ nhã"', agency="CT-SXD")
    assert read(spec, data, tmp_path).rows["report_item"][0]["tendency"] == "support"


def test_report_submission_comes_from_the_file_name(tmp_path: Path) -> None:
    spec = report(section={"submitted_at": {"file_name": r"_([\d-]{8,10})\."}})
    data = R_HEADER + report_row(1, agency="CT-SXD")
    named = read(spec, data, tmp_path, "x_20260519.csv").rows["report"][0]["submitted_at"]
    assert named == "2026-05-18T17:00:00+00:00"
    # no day, one yet to come, one that may be two: when it was delivered
    for name in ("x_99999999.csv", "x_20300101.csv", "x_2026-1-11.csv"):
        submitted = read(spec, data, tmp_path, name).rows["report"][0]["submitted_at"]
        assert submitted.startswith("2026-07-01")


def test_social_items_keep_no_text_no_author_and_no_id(tmp_path: Path) -> None:
    data = "id,at,mood,likes,url,words,author\nP-77,2026-06-01T20:00:00Z,Tốt,,//www.a.vn/x,kẹt xe,Ẩn Danh\n"
    item = read(social(), data, tmp_path).rows["social_item"][0]
    assert item["published_date"] == "2026-06-02"  # the day in the source's time zone
    assert item["topic_codes"] != "{}"
    text = json.dumps(item, ensure_ascii=False)
    assert not any(word in text for word in ("P-77", "kẹt xe", "Ẩn Danh", "a.vn"))


def test_social_item_that_stands_twice_counts_once_and_harmlessly(tmp_path: Path) -> None:
    rows = [f"1,2026-06-01T10:00:00Z,Tốt,{likes},u,w,a\n" for likes in (1, 2, 3)]
    result = read(social(), "id,at,mood,likes,url,words,author\n" + "".join(rows), tmp_path)
    assert result.bad == {2: ["duplicate_item"], 3: ["duplicate_item"]}
    assert [row["engagement_count"] for row in result.rows["social_item"]] == ["3"]


def test_social_item_no_rule_codes_has_its_querys_topic(tmp_path: Path) -> None:
    data = "id,at,mood,likes,url,words,author\n1,2026-06-01T10:00:00Z,,1,u,xyzzy,a\n"
    item = read(social(), data, tmp_path).rows["social_item"][0]
    assert (item["topic_codes"], item["sentiment"]) == ('{"C1"}', "unknown")
