"""Wrong survey specs: design, weighting, crossings, ratios, versions, harmonisation, disclosure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import SpecError, check_sources, load_source, spec_sha256, unpublished_waves

TEMPLATE = (PROJECT / "sources" / "_template_survey.yml").read_text(encoding="utf-8")
MARGINS = (PROJECT / "sources" / "_template_survey.margins.csv").read_text(encoding="utf-8")
Check = Callable[..., list[SpecError]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """What is wrong in the template with these changes (old → new), and these margins."""

    def changed(*changes: tuple[str, str], margins: str | None = MARGINS) -> list[SpecError]:
        text = TEMPLATE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "survey").mkdir(exist_ok=True)
        (tmp_path / "survey" / "my_city_survey.yml").write_text(text, encoding="utf-8")
        if margins is not None:
            (tmp_path / "survey" / "my_city_survey.margins.csv").write_text(margins, encoding="utf-8")
        return check_sources(tmp_path)

    return changed


def only(errors: list[SpecError]) -> SpecError:
    assert len(errors) == 1, [str(error) for error in errors]
    return errors[0]


def line_of(text: str) -> int:
    """The line of the template on which a text stands."""
    return TEMPLATE[: TEMPLATE.index(text)].count("\n") + 1


def test_check_sources_of_the_template_finds_nothing_wrong(check: Check) -> None:
    assert check() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("column: Q3", "column: Q1", "stands twice"),
        (
            "{code: 40_plus, label: {vi: Từ 40, en: 40 and over}, low: 40}",
            "{code: 40_plus, label: {vi: Từ 40, en: 40 and over}, low: 39}",
            "overlap",
        ),
        ('waste: "Q2[SQ002]"', 'rubbish: "Q2[SQ002]"', "must name the same codes"),
        (r"file_name: '_(\d{4})\.csv$'", r"file_name: '_\d{4}\.csv$'", "needs a group"),
        ("fieldwork_end: 2026-03-31", "fieldwork_end: 2026-02-30", "is no date"),
        ("fieldwork_end: 2026-03-31", "fieldwork_end: 2026-02-01", "is after"),
        ("ignore_columns: [token,", "ignore_columns: [weight,", "stands in `ignore_columns`"),
        ("coverage_place: VN", "coverage_place: XX", "is not known"),
        ("dimension: gender", "dimension: place", "'place' is the dimension of the place"),
        ("dimension: gender", "dimension: all", "'all' is the dimension of everyone's"),
        ("{code: 40_plus,", "{code: _40_plus,", "begins with _"),
        ("is_panel: false", "is_panel: maybe", "boolean"),
    ],
)
def test_check_sources_of_a_survey_at_odds_with_itself_says_where(
    check: Check, old: str, new: str, words: str
) -> None:
    assert words in only(check((old, new))).message


def test_panel_without_respondent_ids_is_refused(check: Check) -> None:
    error = only(check(("is_panel: false", "is_panel: true"), ("respondent_id: id", "respondent_id: null")))
    assert "`is_panel` needs `respondent_id`" in error.message


# ---------------------------------------------------------------- design
@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (("psu: cluster", "ssu: household"), "`psu_size` needs `psu`"),
        (("psu: cluster", "psu_size: households"), "`ssu` (second stage) needs `psu`"),
        (("stratum_psu_total: clusters",), "`psu_size` needs `stratum_psu_total`"),
    ],
)
def test_design_whose_stages_do_not_fit_is_refused(
    check: Check, left_out: tuple[str, ...], words: str
) -> None:
    error = only(check(*((f"    {line}", f"    # {line}") for line in left_out)))
    assert (error.key, error.line) == ("survey.design", line_of("design:"))
    assert words in error.message


def test_design_of_one_stage_with_a_population_is_right(check: Check) -> None:
    lines = ("psu: cluster", "ssu: household", "psu_size: households")
    assert check(*((f"    {line}", f"    # {line}") for line in lines)) == []


# ---------------------------------------------------------------- weighting
JOINT = "dimension,code,population\ngender*age,1|under_40,5\ngender*age,2|40_plus,6\n"
INCOME = "dimension,code,population\ngender,1,4\ngender,2,5\nsatisfaction,_total,60\n"


@pytest.mark.parametrize(
    ("method", "margins"),
    [
        ("poststratify", JOINT),
        ("rake", JOINT + "gender,1,5\ngender,2,6\n"),
        ("greg", INCOME),
        ("rake", "dimension,code,share\ngender,1,0.3334\ngender,2,0.6667\n"),
        ("rake", "code,population,dimension\nX0001,7,place\n1,7,gender\n"),
        ("rake", "\ufeffdimension,code,population\r\n\r\ngender,1,4\r\ngender,2,0\r\n"),
    ],
    ids=["joint", "joint and single", "a number's total", "shares", "a place", "as Excel saves it"],
)
def test_weighting_that_can_be_is_right(check: Check, method: str, margins: str) -> None:
    assert check(("method: rake", f"method: {method}"), margins=margins) == []


@pytest.mark.parametrize(
    ("method", "margins", "words"),
    [
        ("poststratify", MARGINS, "poststratify takes one dimension"),
        ("rake", INCOME, "_total (of a numeric question) is for `greg`"),
        ("greg", INCOME + "satisfaction,5,6\n", "_total (of a numeric question) is for `greg`, alone"),
        ("rake", MARGINS + "gender,1,9\n", "'gender' has a code twice"),
        ("rake", "dimension,code,population\n", "`margins` has no lines"),
        ("rake", "dimension,code,population\ngender,1,0\ngender,2,0\n", "no total above 0"),
        ("rake", "dimension,code,share\ngender,1,0.4\ngender,2,0.5\n", "add up to 0.9, not to 1"),
        ("greg", INCOME.replace("population", "share").replace("4", "0.4").replace("5", "0.6"), "not to 1"),
    ],
)
def test_weighting_that_cannot_be_is_refused(check: Check, method: str, margins: str, words: str) -> None:
    error = only(check(("method: rake", f"method: {method}"), margins=margins))
    assert (error.file.name, error.key) == ("my_city_survey.yml", "survey.weighting")
    assert error.line == line_of("weighting:")
    assert words in error.message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("trim: 5", "trim: 1.5", "survey.weighting.trim"),
        ("method: rake", "method: raking", "survey.weighting.method"),
        ('date: "2024-04-01"', 'date: "2024-04-31"', "survey.weighting.date"),
    ],
)
def test_weighting_with_a_wrong_word_names_its_key(check: Check, old: str, new: str, key: str) -> None:
    error = only(check((old, new)))
    assert (error.key, error.line) == (key, line_of(old))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("region,1,5", "'region' names no dimensions"),
        ("gender*gender,1|1,5", "'gender*gender' names no dimensions"),
        ("gender*region,1|1,5", "'gender*region' names no dimensions"),
        ("gender,3,5", "'3' is no category of 'gender'"),
        ("gender*age,1,5", "'1' does not have a part for each of 'gender*age'"),
        ("gender*age,1|young,5", "'young' is no category of 'age'"),
    ],
)
def test_margins_of_what_the_survey_does_not_have_are_refused(check: Check, line: str, words: str) -> None:
    assert words in only(check(margins=f"{MARGINS}{line}\n")).message


def test_margins_with_a_total_of_what_is_no_number_are_refused(check: Check) -> None:
    error = only(check(("method: rake", "method: greg"), margins=f"{MARGINS}trust,_total,5\n"))
    assert "'trust' is no numeric question" in error.message


def test_margins_of_places_need_a_column_of_places(check: Check) -> None:
    places = "dimension,code,population\nplace,X0001,7\n"
    assert check(margins=places) == []
    error = only(check(("  place: commune", "  # place: commune"), margins=places))
    assert "'place' names no dimensions" in error.message


# ---------------------------------------------------------------- the margins' file
@pytest.mark.parametrize(
    ("margins", "line", "column", "words"),
    [
        ("dimension,code,people\ngender,1,4\n", 1, "", "has the columns dimension, code, people"),
        ("dimension,code,population,share\ngender,1,4,1\n", 1, "", "has the columns"),
        ("dimension,code,population,population\ngender,1,4,5\n", 1, "", "has the columns"),
        ("gender,1,4\ngender,2,5\n", 1, "", "has the columns gender, 1, 4"),
        ("", 1, "", "has the columns none"),
        ("dimension,code,population\ngender,1,4\ngender,2,many\n", 3, "population", "'many' is no number"),
        ("dimension,code,population\ngender,1,-4\n", 2, "population", "'-4' is no number"),
        ("dimension,code,population\ngender,1,nan\n", 2, "population", "'nan' is no number"),
        ("dimension,code,population\ngender,1,inf\n", 2, "population", "'inf' is no number"),
        ("dimension,code,population\ngender,1,1.250.000\n", 2, "population", "is no number"),
        ("dimension,code,share\ngender,1,47 %\ngender,2,0.53\n", 2, "share", "'47 %' is no number"),
        ("dimension,code,population\n\ngender,1\ngender,2,5\n", 3, "", "has 2 cells of 3"),
        ("dimension,code,population\ngender,1,1,250\n", 2, "", "has 4 cells of 3"),
        ('dimension,code,population\ngender,"1\n",4\ngender,2,x\n', 4, "population", "'x' is no number"),
    ],
)
def test_margins_file_that_is_wrong_names_file_line_and_column(
    check: Check, margins: str, line: int, column: str, words: str
) -> None:
    error = only(check(margins=margins))
    assert (error.file.stem, error.key) == ("my_city_survey", "survey.weighting.margins")
    assert error.line == line_of("margins:")
    at = f"my_city_survey.margins.csv, line {line}" + (f", column {column}" if column else "")
    assert error.message.startswith(f"{at}: ")
    assert words in error.message
    assert error.mend


def test_margins_file_with_several_wrong_lines_names_each(check: Check) -> None:
    errors = check(margins="dimension,code,population\ngender,1,x\ngender,2\nage,under_40,y\n")
    assert [error.message.split(":")[0].split("line ")[1] for error in errors] == [
        "2, column population",
        "3",
        "4, column population",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.csv", "'absent.csv' cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ("../outside.csv", "must lie in the folder of the spec"),
        ("{root}/outside.csv", "must lie in the folder of the spec"),
        ("link.csv", "must lie in the folder of the spec"),
        ("latin.csv", "can't decode"),
        ("quote.csv", "unexpected end of data"),
    ],
)
def test_margins_file_that_cannot_be_read_names_the_key_of_the_spec(
    check: Check, tmp_path: Path, name: str, words: str
) -> None:
    check()
    (tmp_path / "outside.csv").write_text(MARGINS, encoding="utf-8")
    (tmp_path / "survey" / "link.csv").symlink_to(tmp_path / "outside.csv")
    (tmp_path / "survey" / "latin.csv").write_bytes("dimension,code,population\nđô,1,2\n".encode("cp1258"))
    (tmp_path / "survey" / "quote.csv").write_text(f'{MARGINS}gender,"1,5\n', encoding="utf-8")
    error = only(check(("my_city_survey.margins.csv", name.format(root=tmp_path))))
    assert (error.file.name, error.key) == ("my_city_survey.yml", "survey.weighting.margins")
    assert error.line == line_of("margins:")
    assert words in error.message


def test_margins_in_a_folder_beside_the_spec_are_read(check: Check, tmp_path: Path) -> None:
    (tmp_path / "survey" / "margins").mkdir(parents=True)
    (tmp_path / "survey" / "margins" / "2024.csv").write_text(MARGINS, encoding="utf-8")
    assert check(("my_city_survey.margins.csv", "margins/2024.csv"), margins=None) == []


def test_other_margins_are_another_spec(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "survey" / "my_city_survey.yml"

    def sha256(margins: str) -> str:
        assert check(margins=margins) == []
        return spec_sha256(load_source(path))

    first = sha256(MARGINS)
    assert sha256(MARGINS.replace("480000", "480001")) != first
    assert sha256(MARGINS.replace("\n", "\r\n") + "\r\n") == first
    targets = load_source(path).model_dump(mode="json")["survey"]["weighting"]["targets"]
    assert targets[0] == {"dimension": "gender", "code": "1", "total": 480000.0}


# ---------------------------------------------------------------- crossings, ratios, versions
@pytest.mark.parametrize(
    ("crossings", "is_right"),
    [
        ("[[gender]]", False),
        ("[[gender, age]]", True),
        ("[[gender, age, job]]", True),
        ("[[gender, age, job, area]]", False),
        ("[[gender, gender]]", False),
        ("[[gender, region]]", False),
        ("[[gender, place]]", False),
    ],
)
def test_crossing_is_of_two_or_three_groups(check: Check, crossings: str, is_right: bool) -> None:
    more = "".join(
        f"    - dimension: {name}\n      label: {{vi: {name}, en: {name}}}\n      column: {name}\n"
        f'      codes: [{{code: "1", label: {{vi: x, en: x}}}}]\n'
        for name in ("job", "area")
    )
    old = "  crossings: [[gender, age]]"
    errors = check((old, f"{more}  crossings: {crossings}"))
    messages = [error.message for error in errors]
    assert (messages == []) == is_right
    assert all("must name two or three different dimensions" in message for message in messages)


def test_crossing_that_stands_twice_in_another_order_is_refused(check: Check) -> None:
    error = only(check(("[[gender, age]]", "[[gender, age], [age, gender]]")))
    assert "crossing 'age*gender' stands twice" in error.message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "numerator: bus_trips",
            "numerator: trust",
            "'trust', of the ratio bus_share, is no numeric question",
        ),
        ("denominator: trips", "denominator: problems", "'problems', of the ratio bus_share, is no numeric"),
        ("denominator: trips", "denominator: nothing", "'nothing', of the ratio bus_share, is no numeric"),
        ("denominator: trips", "denominator: bus_trips", "is of a question to itself"),
        ("- id: bus_share", "- id: trips", "question id 'trips' stands twice"),
    ],
)
def test_ratio_of_what_has_none_is_refused(check: Check, old: str, new: str, words: str) -> None:
    assert words in only(check((old, new))).message


@pytest.mark.parametrize(
    ("waves", "words"),
    [
        ("from_wave: '2030'", "none of `waves`"),
        ("from_wave: '2027', to_wave: '2026'", "ends before it begins"),
    ],
)
def test_option_of_waves_that_cannot_be_is_refused(check: Check, waves: str, words: str) -> None:
    option = '{code: "2", label: {vi: Không tin tưởng, en: Do not trust}, tendency: oppose, value: 0'
    assert words in only(check((option, f"{option}, {waves}"))).message


def test_option_of_later_waves_alone_is_right(check: Check) -> None:
    option = '{code: "2", label: {vi: Không tin tưởng, en: Do not trust}, tendency: oppose, value: 0'
    assert check((option, f"{option}, from_wave: '2027'")) == []


def test_waves_that_do_not_stand_in_the_order_of_their_fieldwork_are_refused(check: Check) -> None:
    error = only(check(("fieldwork_start: 2027-03-01", "fieldwork_start: 2026-02-01")))
    assert "in the order of their fieldwork" in error.message


@pytest.mark.parametrize("wave", ["2026", "2031"], ids=["the first wave", "no wave"])
def test_version_begins_at_a_later_wave(check: Check, wave: str) -> None:
    error = only(check(('from_wave: "2027"\n', f'from_wave: "{wave}"\n')))
    assert "the versions of trust must begin at different waves of `waves`, after the first" in error.message


def test_versions_of_one_wave_are_refused(check: Check) -> None:
    line = '        - from_wave: "2027"\n'
    error = only(check((line, '        - {from_wave: "2027", wording: {vi: a, en: a}}\n' + line)))
    assert "the versions of trust must begin at different waves" in error.message


# ---------------------------------------------------------------- harmonisation
def lines(*given: str) -> tuple[str, str]:
    start = TEMPLATE.index("    - {question: satisfaction, from_wave:")
    end = TEMPLATE.index("  waves:", start)
    return TEMPLATE[start:end], "".join(f"    - {{{line}}}\n" for line in given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["question: nothing, concept: x"], "names 'nothing', which is no question"),
        (["question: bus_share, concept: x"], "names 'bus_share', which is no question"),
        (['question: trust, from_wave: "2031", concept: x'], "names '2031', which is no wave"),
        (['question: trust, concept: x, answers: {"7": y}'], "names '7', which is no option of trust"),
        (['question: trips, concept: x, answers: {"7": y}'], "names '7', which is no option of trips"),
        (['question: trust, concept: x, answers: {"1": y, "2": y}'], "gives two answers the concept 'y'"),
        (['question: trust, concept: x, answers: {"1": "2"}'], "gives two answers the concept '2'"),
        (
            [
                'question: trust, concept: x, answers: {"1": y}',
                'question: trust, from_wave: "2027", concept: x, answers: {"2": y}',
            ],
            "of trust gives two answers the concept 'y'",
        ),
        (["question: trust, concept: x", "question: trust, concept: y"], "stands twice"),
        (
            ["question: trust, concept: x", 'question: trust, from_wave: "2026", concept: y'],
            "harmonisation of ('trust', '2026') stands twice",
        ),
    ],
)
def test_harmonisation_that_names_what_is_not_there_is_refused(
    check: Check, given: list[str], words: str
) -> None:
    assert words in only(check(lines(*given))).message


def test_harmonisation_that_swaps_answers_in_a_later_wave_is_right(check: Check) -> None:
    swapped = 'question: trust, from_wave: "2027", concept: trust, answers: {"1": "2", "2": "1"}'
    assert check(lines('question: trust, concept: x, answers: {"1": "1"}', swapped)) == []


# ---------------------------------------------------------------- waves
def test_dispositions_with_nobody_eligible_are_refused(check: Check) -> None:
    counts = {"complete": 1200, "partial": 60, "refusal": 800, "non_contact": 500, "other": 40}
    nobody = [(f"        {name}: {count}\n", f"        {name}: 0\n") for name, count in counts.items()]
    error = only(check(*nobody))
    assert error.key == "survey.waves.0.dispositions"
    assert error.line == line_of("dispositions:")
    assert "nobody known to be eligible" in error.message
    assert check(*nobody[1:]) == []


@pytest.mark.parametrize("share", ["1.2", "-0.1", "nan"])
def test_dispositions_with_a_share_that_is_none_are_refused(check: Check, share: str) -> None:
    error = only(check(("eligible_share: 0.8", f"eligible_share: {share}")))
    assert error.key == "survey.waves.0.dispositions.eligible_share"


def test_wave_with_items_missing_is_valid_and_named_as_waiting(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "survey" / "my_city_survey.yml"

    def waiting(*changes: tuple[str, str]) -> list[str]:
        assert check(*changes) == []
        return unpublished_waves(load_source(path))

    (planned,) = waiting()
    assert planned == (
        "my_city_survey: wave 2027 will not be published: its disclosure record lacks"
        " 2 sponsor (vi, en); 4 population (vi, en); 5 sample_generation (vi, en); 6 mode_detail (vi, en);"
        " 8 precision (vi, en); 9 weighting (vi, en); 10 processing (vi, en); 11 limitations (vi, en)"
    )
    said = '{vi: "1.200 phiếu; sai số ±3 %", en: "1,200 interviews; ±3 %"}'
    for half, lacks in (
        ('{vi: "1.200 phiếu; sai số ±3 %"}', "8 precision (en)"),
        ('{vi: "1.200 phiếu; sai số ±3 %", en: "  "}', "8 precision (en)"),
        ('{en: "1,200 interviews; ±3 %"}', "8 precision (vi)"),
    ):
        first, second = waiting((said, half))
        assert first.startswith("my_city_survey: wave 2026 ")
        assert first.endswith(f"lacks {lacks}")
        assert second == planned


def test_waves_of_the_project_are_all_disclosed() -> None:
    folder = PROJECT / "sources" / "survey"
    found: dict[str, Any] = {path.stem: unpublished_waves(load_source(path)) for path in folder.glob("*.yml")}
    assert found == {"anes_1996": [], "cantho_online": []}
