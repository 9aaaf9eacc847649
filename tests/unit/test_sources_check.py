"""Wrong specs: the error names file, line and key, and says how to mend it."""

import re
from pathlib import Path

import pytest

from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import (
    SpecInvalid,
    check_sources,
    load_source,
    read_sources,
    spec_sha256,
)

SOCIAL = """\
id: a_social
family: social
title: {vi: A, en: A}
owner: desk
licence: none
provenance: here
files: {format: csv, pattern: "*.csv"}
social:
  columns: {item_id: id, published_at: at, text: [words]}
  date_format: iso
  platform: facebook
  query: q
  queries:
    - {code: q, label: {vi: Q, en: Q}, topic: C1}
"""


LIME = "fetch:\n  {from: limesurvey, connection: c, survey: 0}"
S3 = "fetch: {from: s3, connection: c, bucket: deliveries"
HTTP = "fetch: {from: http_json, connection: c, path: /a, key: id"


def written(folder: Path, text: str, name: str = "social/a_social.yml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("owner: desk", "owner: desk\ncolour: red", 5, "colour", "is no key of a spec"),
        ("owner: desk\n", "", 1, "owner", "is missing"),
        ("owner: desk", "owner: desk\nowner: other", 5, "owner", "stands twice"),
        ("topic: C1", "topic: C99", 14, "social.queries.0.topic", "'C99' is not known"),
        ("platform: facebook", "platform: fb", 11, "social.platform", "'fb' is not known"),
        ("format: csv", "format: xlsx", 7, "files", "needs `sheet`"),
        ("format: csv", "format: csv, encoding: utf-9", 7, "files.encoding", "no encoding"),
        ("date_format: iso", "date_format: YYYY", 10, "social.date_format", "must be iso"),
        ("  query: q\n", "", 8, "social", "give `query`"),
        ("id: a_social", "id: other_id", 1, "id", "is not the file's name"),
        ("family: social", "family: survey", 1, "", "has the section `survey`"),
        ("id: a_social", "id: [a", 2, "", "is no YAML"),
        ("owner: desk", "owner: desk\ntime_zone: Mars/Base", 5, "time_zone", "no time zone"),
        ("owner: desk", f"owner: desk\n{LIME}", 6, "fetch.survey", "greater than 0"),
        ("owner: desk", "owner: desk\nfetch: {from: lime}", 5, "fetch.from", "none of the words"),
        ("owner: desk", "owner: desk\nfetch: {connection: c}", 5, "fetch.from", "is missing"),
        ("owner: desk", "owner: desk\nfetch: {from: s3, connection: c}", 5, "fetch.bucket", "is missing"),
        ("owner: desk", f"owner: desk\n{S3}, pasword: x}}", 5, "fetch.pasword", "no key"),
        ("owner: desk", f"owner: desk\n{S3}, connection: 'https://u:p@h'}}", 5, "fetch.connection", "twice"),
        (
            "owner: desk",
            "owner: desk\nfetch: {from: s3, bucket: bucket, connection: 'u:p@h'}",
            5,
            "fetch.connection",
            "characters",
        ),
        (
            "owner: desk",
            "owner: desk\nfetch: {from: kobo, connection: c, asset: abcdefgh}",
            1,
            "",
            "writes jsonl",
        ),
        (
            "owner: desk",
            f"owner: desk\n{HTTP}, params: {{access_token: x}}}}",
            5,
            "fetch.params",
            "credential",
        ),
        ("owner: desk", f"owner: desk\n{HTTP}, auth: header}}", 5, "fetch", "`auth_name` names"),
        (
            "owner: desk",
            f"owner: desk\n{HTTP}, paging: {{by: leaf}}}}",
            5,
            "fetch.paging.by",
            "none of the words",
        ),
    ],
)
def test_check_sources_of_a_wrong_spec_names_line_key_and_mend(
    tmp_path: Path, old: str, new: str, line: int, key: str, words: str
) -> None:
    path = written(tmp_path, SOCIAL.replace(old, new, 1))
    errors = check_sources(tmp_path)
    assert [(error.file, error.key) for error in errors] == [(path, key)]
    assert errors[0].line == line
    assert words in errors[0].message
    assert errors[0].mend


def test_load_source_of_a_right_spec_keeps_codes_as_text(tmp_path: Path) -> None:
    text = SOCIAL + "places:\n  - {code: 00123, level: commune, parent: 092, name: {vi: no, en: yes}}\n"
    source = load_source(written(tmp_path, text.replace("092", "VN")))
    assert source.places[0].code == "00123"
    assert source.places[0].name.vi == "no"


def test_read_sources_with_one_wrong_spec_still_gives_the_others(tmp_path: Path) -> None:
    written(tmp_path, SOCIAL)
    written(tmp_path, "id: [", "social/broken.yml")
    sources, errors = read_sources(tmp_path)
    assert [source.id for source in sources] == ["a_social"]
    assert [error.file.name for error in errors] == ["broken.yml"]


def test_read_sources_with_one_id_twice_refuses_the_second(tmp_path: Path) -> None:
    written(tmp_path, SOCIAL)
    written(tmp_path, SOCIAL, "z_more/a_social.yml")
    assert ["the id 'a_social' is that of" in error.message for error in check_sources(tmp_path)] == [True]


def test_read_sources_with_one_id_twice_names_the_line_of_the_id(tmp_path: Path) -> None:
    written(tmp_path, SOCIAL)
    path = written(tmp_path, "# a remark\n# another\n" + SOCIAL, "z_more/a_social.yml")
    assert [(error.file, error.line, error.key) for error in check_sources(tmp_path)] == [(path, 3, "id")]


@pytest.mark.parametrize(
    ("old", "new", "mend"),
    [
        ("date_format: iso", "date_fromat: iso", "did you mean `date_format`?"),
        ("label: {vi: Q, en: Q}", "label: {vi: một, hai, en: one}", "in double quotes"),
        ("format: csv", "format: csv, delimiter: '\\t'", "in double quotes"),
    ],
)
def test_check_sources_of_a_common_slip_says_what_was_meant(
    tmp_path: Path, old: str, new: str, mend: str
) -> None:
    written(tmp_path, SOCIAL.replace(old, new, 1))
    errors = check_sources(tmp_path)
    assert any(mend in error.mend for error in errors)
    assert [error.line for error in errors] == sorted(error.line for error in errors)


def test_check_sources_of_the_guides_own_specs_finds_nothing_wrong(tmp_path: Path) -> None:
    guide = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "docs").glob("*.md"))
    specs = re.findall(r"<!-- file: my_sources/(\S+) -->\n```yaml\n(.*?)```", guide, re.DOTALL)
    assert len(specs) == 3
    for name, text in specs:
        written(tmp_path, text, name)
    assert [str(error) for error in check_sources(tmp_path)] == []


def test_load_source_of_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalid, match="cannot be read"):
        load_source(tmp_path / "none.yml")


def test_check_sources_of_a_missing_folder_says_how_to_set_it(tmp_path: Path) -> None:
    assert "OPINION_SOURCES" in check_sources(tmp_path / "none")[0].mend


def test_spec_sha256_does_not_change_with_comments(tmp_path: Path) -> None:
    first = load_source(written(tmp_path, SOCIAL))
    second = load_source(written(tmp_path, "# a comment\n" + SOCIAL))
    assert spec_sha256(first) == spec_sha256(second)


def test_fetched_file_that_the_pattern_does_not_take_is_an_error(tmp_path: Path) -> None:
    fetch = "fetch: {from: limesurvey, connection: c, survey: 7, stem: results}\n"
    written(tmp_path, SOCIAL + fetch)
    assert check_sources(tmp_path) == []
    written(tmp_path, (SOCIAL + fetch).replace('"*.csv"', '"wave*.csv"'))
    (error,) = check_sources(tmp_path)
    assert "results_20260101T000000Z.csv" in error.message


def test_fetch_section_comes_back_from_the_database_as_it_was(tmp_path: Path) -> None:
    from opinion_warehouse.sources import Source

    source = load_source(written(tmp_path, SOCIAL + f"{S3}, prefix: a/}}\n"))
    dumped = source.model_dump(mode="json")
    assert dumped["fetch"] == {"from": "s3", "connection": "c", "bucket": "deliveries", "prefix": "a/"}
    assert Source.model_validate(dumped) == source == Source.model_validate_json(source.model_dump_json())
